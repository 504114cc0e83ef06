// SPDX-License-Identifier: Apache-2.0
/* overview.tsx - the first look: what is open, how the devices are, what came last */
import { ShieldCheckmark24Regular } from "@fluentui/react-icons";
import type { ReactNode } from "react";

import { alertsPath } from "@/api/alerts";
import { useResource } from "@/api/resource";
import { SEVERITIES, type Alert, type Page as Paged, type Summary } from "@/api/types";
import { alertColumns } from "@/parts/lists";
import { Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table } from "@/parts/table";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./overview.module.css";

const LATEST = 8;
const OPEN = "New,InProgress";

function Bar({ parts }: { parts: { id: string; count: number; tone: string }[] }) {
	const total = parts.reduce((sum, p) => sum + p.count, 0);
	return (
		<div className={css["bar"]} aria-hidden="true">
			{total > 0 && parts.filter((p) => p.count > 0).map((p) => (
				<span key={p.id} className={css[p.tone]} style={{ flexGrow: p.count }} />
			))}
		</div>
	);
}

function Count({ to, name, count, tone }: { to: string; name: ReactNode; count: number; tone: string }) {
	const { number } = useTexts();
	return (
		<Link to={to} className={css["count"]}>
			<span className={`${css["dot"]} ${css[tone]}`} aria-hidden="true" />
			<span className={css["name"]}>{name}</span>
			<b className="number">{number(count)}</b>
		</Link>
	);
}

const SEVERITY_TONES: Record<string, string> = {
	High: "high", Medium: "medium", Low: "low", Informational: "info",
};
const HEALTH_TONES: Record<string, string> = {
	Active: "good", Inactive: "info", ImpairedCommunication: "medium", NoSensorData: "medium",
	NoSensorDataImpairedCommunication: "high", Unknown: "info",
};

function Cards({ summary }: { summary: Summary }) {
	const { t, named, number } = useTexts();
	const alerts = SEVERITIES.map((id) => ({
		id, count: summary.alertsBySeverity[id] ?? 0, tone: SEVERITY_TONES[id] ?? "info",
	}));
	const health = Object.entries({ Active: 0, Inactive: 0, ...summary.machinesByHealth })
		.map(([id, count]) => ({ id, count, tone: HEALTH_TONES[id] ?? "info" }));
	const open = alerts.reduce((sum, a) => sum + a.count, 0);
	const devices = health.reduce((sum, h) => sum + h.count, 0);
	return (
		<div className={css["cards"]}>
			<Section title={t("overview.openAlerts")}>
				<div className={css["big"]}><span className="number">{number(open)}</span></div>
				<Bar parts={alerts} />
				{alerts.map((a) => (
					<Count
						key={a.id} to={`/alerts?severity=${a.id}&status=${OPEN}`} count={a.count} tone={a.tone}
						name={named("severity", a.id)}
					/>
				))}
			</Section>
			<Section title={t("nav.devices")}>
				<div className={css["big"]}><span className="number">{number(devices)}</span></div>
				<Bar parts={health} />
				{health.map((h) => (
					<Count
						key={h.id} to={`/devices?health=${h.id}`} count={h.count} tone={h.tone}
						name={named("health", h.id)}
					/>
				))}
			</Section>
		</div>
	);
}

export default function OverviewPage() {
	const texts = useTexts();
	const { t } = texts;
	const summary = useResource<Summary>("/portal/api/summary", 15);
	const latest = useResource<Paged<Alert>>(alertsPath({ statuses: OPEN.split(",") }), 15);
	const rows = (latest.data?.value ?? []).slice(0, LATEST);
	return (
		<Page title={t("nav.overview")}>
			<ErrorBar error={summary.error} retry={summary.reload} />
			<div className={css["page"]}>
				{summary.data && <Cards summary={summary.data} />}
				{!summary.data && summary.loading && <div className="card"><Lines rows={5} /></div>}
				<Section
					title={t("overview.latest")} pad={false}
					actions={<Link to={`/alerts?status=${OPEN}`}>{t("overview.all")}</Link>}
				>
					{!!latest.error && <div style={{ padding: "0 16px" }}><ErrorBar error={latest.error} retry={latest.reload} /></div>}
					{!latest.data && latest.loading && <Lines rows={5} height={44} />}
					{latest.data && rows.length === 0 && (
						<Empty icon={<ShieldCheckmark24Regular />} title={t("overview.calm")}>{t("alerts.noneMore")}</Empty>
					)}
					{rows.length > 0 && (
						<Table
							label={t("overview.latest")} columns={alertColumns(texts).filter((c) => c.id !== "assigned" && c.id !== "category").map(({ sort: _, ...c }) => c)}
							rows={rows} idOf={(a) => a.id} nameOf={(a) => a.title} linkOf={(a) => `/alerts/${a.id}`}
						/>
					)}
				</Section>
			</div>
		</Page>
	);
}
