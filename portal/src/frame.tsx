// SPDX-License-Identifier: Apache-2.0
/*
 * frame.tsx - what surrounds every page: navigation, the person's menu, display settings
 */
import {
	Avatar, Button, Menu, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuItemRadio, MenuList,
	MenuPopover, MenuTrigger, Tooltip,
} from "@fluentui/react-components";
import {
	Alert20Filled, Alert20Regular, DocumentSearch20Filled, DocumentSearch20Regular, Home20Filled, Home20Regular, Key20Regular,
	Grid20Filled, Grid20Regular, LinkMultiple20Filled, LinkMultiple20Regular, PanelLeftContract20Regular,
	PanelLeftExpand20Regular, PlugConnected20Filled, PlugConnected20Regular, ScanDash20Filled, ScanDash20Regular, Server20Filled,
	Server20Regular, Settings20Filled, Settings20Regular, SignOut20Regular,
	type FluentIcon,
} from "@fluentui/react-icons";
import type { ReactNode } from "react";

import { request } from "@/api/http";
import { Search } from "@/parts/search";
import { useClock } from "@/parts/time";
import { THEMES, usePreferences, ZONES, type ThemeChoice, type Zone } from "@/preferences";
import { Link, navigate, usePlace } from "@/router";
import { useSession } from "@/session";
import { LANGUAGE_NAMES, useTexts, type Language, type PlainKey } from "@/text/text";

import css from "./frame.module.css";

interface Entry {
	to: string;
	text: PlainKey;
	icon: FluentIcon;
	active: FluentIcon;
	/** Any of these; empty: everybody. */
	needs: string[];
}

const ENTRIES: Entry[] = [
	{ to: "/", text: "nav.overview", icon: Home20Regular, active: Home20Filled, needs: [] },
	{ to: "/incidents", text: "nav.incidents", icon: LinkMultiple20Regular,
		active: LinkMultiple20Filled, needs: ["INCIDENT_READ"] },
	{ to: "/alerts", text: "nav.alerts", icon: Alert20Regular, active: Alert20Filled,
		needs: ["ALERT_READ"] },
	{ to: "/devices", text: "nav.devices", icon: Server20Regular, active: Server20Filled,
		needs: ["MACHINE_READ"] },
	{ to: "/hunting", text: "nav.hunting", icon: DocumentSearch20Regular, active: DocumentSearch20Filled,
		needs: ["HUNT"] },
	{ to: "/detection-rules", text: "nav.detections", icon: ScanDash20Regular, active: ScanDash20Filled,
		needs: ["DETECTION_READ"] },
	{ to: "/coverage", text: "nav.coverage", icon: Grid20Regular, active: Grid20Filled, needs: ["DETECTION_READ"] },
	{ to: "/onboarding", text: "nav.onboarding", icon: PlugConnected20Regular,
		active: PlugConnected20Filled, needs: ["ONBOARDING"] },
	{ to: "/settings", text: "nav.settings", icon: Settings20Regular, active: Settings20Filled,
		needs: ["API_CLIENT", "AUDIT_READ", "RULE_READ", "USER_ADMIN"] },
];

export function Logo({ size = 24 }: { size?: number }) {
	return (
		<svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
			<path fill="var(--colorBrandBackground)" d="M16 2 28 6v9c0 7.6-4.9 12.7-12 15C8.9 27.7 4 22.6 4 15V6z" />
			<path
				fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round"
				d="m10 11.5 6 10 6-10"
			/>
		</svg>
	);
}

function Navigation({ narrow }: { narrow: boolean }) {
	const { t } = useTexts();
	const { path } = usePlace();
	const { may } = useSession();
	const shown = ENTRIES.filter((e) => e.needs.length === 0 || e.needs.some(may));
	return (
		<nav aria-label={t("nav.main")} className={css["nav"]}>
			<ul>
				{shown.map(({ to, text, icon, active }) => {
					const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
					const Icon = here ? active : icon;
					const link = (
						<Link
							to={to}
							className={`${css["entry"]} ${here ? css["here"] : ""}`}
							aria-label={t(text)}
							{...(here ? { "aria-current": "page" as const } : {})}
						>
							<Icon aria-hidden="true" />
							<span className={css["entryText"]}>{t(text)}</span>
						</Link>
					);
					return (
						<li key={to}>
							{narrow
								? <Tooltip content={t(text)} relationship="label" positioning="after">{link}</Tooltip>
								: link}
						</li>
					);
				})}
			</ul>
		</nav>
	);
}

/** Time zone, language and theme; also shown before the log-in, without the account. */
export function DisplayMenu({ trigger, account = false }: { trigger: ReactNode; account?: boolean }) {
	const { t } = useTexts();
	const prefs = usePreferences();
	const { session, logout } = useSession();
	const checked = { zone: [prefs.zone], language: [prefs.language], theme: [prefs.theme] };
	const change = (name: string, value: string | undefined) => {
		if (name === "zone") prefs.setZone(value as Zone);
		if (name === "theme") prefs.setTheme(value as ThemeChoice);
		if (name === "language") {
			prefs.setLanguage(value as Language);
			if (session)
				void request("PATCH", "/portal/api/session", { body: { language: value } }).catch(() => undefined);
		}
	};
	return (
		<Menu
			checkedValues={checked}
			onCheckedValueChange={(_, { name, checkedItems }) => change(name, checkedItems[0])}
		>
			<MenuTrigger disableButtonEnhancement>{trigger as React.ReactElement}</MenuTrigger>
			<MenuPopover>
				<MenuList>
					<MenuGroup>
						<MenuGroupHeader>{t("prefs.language")}</MenuGroupHeader>
						{(Object.keys(LANGUAGE_NAMES) as Language[]).map((language) => (
							<MenuItemRadio key={language} name="language" value={language} lang={language}>
								{LANGUAGE_NAMES[language]}
							</MenuItemRadio>
						))}
					</MenuGroup>
					<MenuDivider />
					<MenuGroup>
						<MenuGroupHeader>{t("prefs.theme")}</MenuGroupHeader>
						{THEMES.map((theme) => (
							<MenuItemRadio key={theme} name="theme" value={theme}>
								{t(`prefs.theme.${theme}`)}
							</MenuItemRadio>
						))}
					</MenuGroup>
					{account && (
						<>
							<MenuDivider />
							<MenuItem icon={<Key20Regular />} onClick={() => navigate("/password")}>
								{t("password.title")}
							</MenuItem>
							<MenuItem icon={<SignOut20Regular />} onClick={() => void logout()}>
								{t("login.out")}
							</MenuItem>
						</>
					)}
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}

/** Which clock the times are of: in sight, since every page shows times. */
export function ZoneSwitch() {
	const { t } = useTexts();
	const { zone, setZone } = usePreferences();
	const { zoneName } = useClock();
	return (
		<div role="radiogroup" aria-label={t("prefs.zone")} className={css["zones"]}>
			{ZONES.map((value) => (
				<button
					key={value}
					type="button"
					role="radio"
					aria-checked={zone === value}
					tabIndex={zone === value ? 0 : -1}
					className={`plain ${css["zone"]} ${zone === value ? css["zoneOn"] : ""}`}
					title={value === "local" && zone === "local" ? zoneName : undefined}
					onClick={() => setZone(value)}
					onKeyDown={(event) => {
						if (!event.key.startsWith("Arrow")) return;
						event.preventDefault();
						const other = value === "utc" ? "local" : "utc";
						setZone(other);
						const sibling = event.currentTarget.nextElementSibling
							?? event.currentTarget.previousElementSibling;
						(sibling as HTMLElement | null)?.focus();
					}}
				>
					{t(`prefs.zone.${value}`)}
				</button>
			))}
		</div>
	);
}

export function Frame({ children }: { children: ReactNode }) {
	const { t } = useTexts();
	const { session } = useSession();
	const { narrowNav, setNarrowNav } = usePreferences();
	const name = session?.user.name ?? "";
	return (
		<div className={`${css["frame"]} ${narrowNav ? css["narrow"] : ""}`}>
			<a
				className={css["skip"]}
				href="#content"
				onClick={(event) => {
					event.preventDefault();
					document.getElementById("content")?.focus();
				}}
			>
				{t("nav.skip")}
			</a>
			<header className={css["top"]}>
				<Link to="/" className={css["brand"]} aria-label={t("nav.home")}>
					<Logo />
					<span>Vakt</span>
				</Link>
				<Search />
				<ZoneSwitch />
				<DisplayMenu
					account
					trigger={
						<Button appearance="subtle" className={css["account"]}>
							<Avatar initials={name.slice(0, 1).toUpperCase()} size={24} color="brand" aria-hidden="true" />
							<span><span className="unseen">{t("nav.account")} </span>{name}</span>
						</Button>
					}
				/>
			</header>
			<div className={css["side"]}>
				<Navigation narrow={narrowNav} />
				<div className="grow" />
				<Tooltip content={t(narrowNav ? "nav.widen" : "nav.narrow")} relationship="label" positioning="after">
					<Button
						className={css["fold"]}
						appearance="subtle"
						icon={narrowNav ? <PanelLeftExpand20Regular /> : <PanelLeftContract20Regular />}
						onClick={() => setNarrowNav(!narrowNav)}
					/>
				</Tooltip>
			</div>
			<main id="content" tabIndex={-1} className={css["main"]}>{children}</main>
		</div>
	);
}
