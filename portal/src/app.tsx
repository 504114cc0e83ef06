// SPDX-License-Identifier: Apache-2.0
/*
 * app.tsx - from address to page, behind the log-in
 */
import { FluentProvider } from "@fluentui/react-components";
import { Component, lazy, Suspense, useEffect, type ComponentType, type ReactNode } from "react";

import { Frame } from "@/frame";
import { darkTheme, lightTheme } from "@/look/theme";
import { Login, PasswordPage } from "@/pages/login";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Page } from "@/parts/page";
import { PreferencesProvider, usePreferences } from "@/preferences";
import { Link, match, serve, usePlace } from "@/router";
import { SessionProvider, useSession } from "@/session";
import { TextProvider, useTexts } from "@/text/text";

type PageComponent = ComponentType<{ id: string; part: string }>;

const ROUTES: [string, PageComponent][] = [
	["/", lazy(() => import("@/pages/overview"))],
	["/alerts", lazy(() => import("@/pages/alerts"))],
	["/alerts/:id", lazy(() => import("@/pages/alert"))],
	["/incidents", lazy(() => import("@/pages/incidents"))],
	["/incidents/:id", lazy(() => import("@/pages/incident"))],
	["/devices", lazy(() => import("@/pages/devices"))],
	["/devices/:id", lazy(() => import("@/pages/device"))],
	["/devices/:id/:part", lazy(() => import("@/pages/device"))],
	["/files/:id", lazy(() => import("@/pages/entity").then((m) => ({ default: m.FilePage })))],
	["/ips/:id", lazy(() => import("@/pages/entity").then((m) => ({ default: m.IpPage })))],
	["/domains/:id", lazy(() => import("@/pages/entity").then((m) => ({ default: m.DomainPage })))],
	["/users/:id", lazy(() => import("@/pages/entity").then((m) => ({ default: m.UserPage })))],
	["/coverage", lazy(() => import("@/pages/coverage"))],
	["/hunting", lazy(() => import("@/pages/hunting"))],
	["/detection-rules", lazy(() => import("@/pages/detection-rules"))],
	["/detection-rules/:id", lazy(() => import("@/pages/detection-rule"))],
	["/onboarding", lazy(() => import("@/pages/onboarding"))],
	["/settings", lazy(() => import("@/pages/settings"))],
	["/settings/:part", lazy(() => import("@/pages/settings"))],
];
serve(ROUTES.map(([pattern]) => pattern));

function NotFound() {
	const { t } = useTexts();
	return (
		<Page title={t("missing.title")}>
			<div className="card">
				<Empty title={t("missing.title")}>
					<Link to="/">{t("missing.home")}</Link>
				</Empty>
			</div>
		</Page>
	);
}

/** A page that breaks takes neither the frame nor the other pages with it. */
class Fence extends Component<{ children: ReactNode }, { error: unknown }> {
	override state = { error: null as unknown };

	static getDerivedStateFromError(error: unknown) {
		return { error };
	}

	override render() {
		if (!this.state.error) return this.props.children;
		return (
			<div style={{ padding: 28 }}>
				<ErrorBar error={this.state.error} retry={() => window.location.reload()} />
			</div>
		);
	}
}

function Pages() {
	const { path } = usePlace();
	for (const [pattern, Shown] of ROUTES) {
		const found = match(pattern, path);
		if (!found) continue;
		const { id = "", part = "" } = found;
		return (
			<Fence key={`${pattern.replace("/:part", "")} ${id}`}>
				<Suspense fallback={<div style={{ padding: 28 }}><Lines /></div>}>
					<Shown id={id} part={part} />
				</Suspense>
			</Fence>
		);
	}
	return <NotFound />;
}

function Inside() {
	const { stage, session, reload } = useSession();
	const { t } = useTexts();
	const { path } = usePlace();
	const { suggestLanguage } = usePreferences();
	const spoken = session?.user.language ?? "";
	useEffect(() => suggestLanguage(spoken), [spoken, suggestLanguage]);
	if (stage === "loading") return <div style={{ padding: 28 }}><Lines rows={3} /></div>;
	if (stage === "unreachable") {
		return (
			<div style={{ padding: 28 }}>
				<h1 className="unseen">{t("error.title")}</h1>
				<ErrorBar error={new Error("unreachable")} retry={() => void reload()} />
			</div>
		);
	}
	if (stage === "out" || stage === "expired" || !session) return <Login />;
	if (session.mustChangePassword || path === "/password") return <PasswordPage />;
	return <Frame><Pages /></Frame>;
}

function Themed() {
	const { dark, language } = usePreferences();
	return (
		<FluentProvider
			theme={dark ? darkTheme : lightTheme}
			className={`vakt ${dark ? "dark" : ""}`}
			applyStylesToPortals
		>
			<TextProvider language={language}>
				<SessionProvider><Inside /></SessionProvider>
			</TextProvider>
		</FluentProvider>
	);
}

export function App() {
	return <PreferencesProvider><Themed /></PreferencesProvider>;
}
