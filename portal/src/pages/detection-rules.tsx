// SPDX-License-Identifier: Apache-2.0
/*
 * detection-rules.tsx - what watches by itself: the tenant's own hunting queries, and Sigma rules
 */
import { Button, Tab, TabList } from "@fluentui/react-components";
import { Add20Regular, ArrowClockwise20Regular, ScanDash28Regular } from "@fluentui/react-icons";

import { RULES, type DetectionRule } from "@/api/detections";
import { useResource } from "@/api/resource";
import type { Page as Paged } from "@/api/types";
import { RunState, StateTag } from "@/detections/state";
import { SeverityBadge } from "@/parts/badges";
import { Page } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Age, Time } from "@/parts/time";
import { followLink, Link, setQuery, usePlace } from "@/router";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

import { DetectionRules } from "./settings-rules";
import css from "./settings.module.css";

const NEW = "/detection-rules/new";

function columns({ t, named, number }: Texts): Column<DetectionRule>[] {
	return [
		{
			id: "name", name: t("detections.name"),
			render: (r) => <Link to={`/detection-rules/${r.id}`} tabIndex={-1} title={r.displayName}>{r.displayName}</Link>,
		},
		{ id: "state", name: t("detections.state"), width: "112px", render: (r) => <StateTag rule={r} /> },
		{
			id: "severity", name: t("alert.severity"), width: "142px", extra: "medium",
			render: (r) => {
				const { severity } = r.detectionAction.alertTemplate;
				return <SeverityBadge value={severity.slice(0, 1).toUpperCase() + severity.slice(1)} />;
			},
		},
		{
			id: "period", name: t("detections.period"), width: "150px", extra: "medium",
			render: (r) => named("period", r.schedule.period),
		},
		{
			id: "last", name: t("detections.lastRun"), width: "220px",
			render: (r) => r.lastRunDetails.lastRunDateTime
				? <RunState status={r.lastRunDetails.status}><Age value={r.lastRunDetails.lastRunDateTime} /></RunState>
				: <span className="muted">{t("detections.never")}</span>,
		},
		{
			id: "next", name: t("detections.nextRun"), width: "172px", extra: "wide",
			render: (r) => <Time value={r.schedule.nextRunDateTime} />,
		},
		{
			id: "alerts", name: t("detections.alerts"), width: "90px", align: "end",
			render: (r) => <span className="number">{number(r.alertCount)}</span>,
		},
	];
}

function OwnRules({ data, loading }: { data: Paged<DetectionRule> | undefined; loading: boolean }) {
	const texts = useTexts();
	const { t } = texts;
	const rows = data?.value ?? [];
	return (
		<div className="card">
			{!data && loading && <Lines rows={5} height={44} />}
			{data && rows.length === 0 && (
				<Empty icon={<ScanDash28Regular />} title={t("detections.none")}>{t("detections.noneMore")}</Empty>
			)}
			{rows.length > 0 && (
				<Table
					label={t("detections.own")} columns={columns(texts)} rows={rows}
					idOf={(r) => r.id} nameOf={(r) => r.displayName} linkOf={(r) => `/detection-rules/${r.id}`}
				/>
			)}
		</div>
	);
}

export default function DetectionRulesPage() {
	const { t } = useTexts();
	const { may } = useSession();
	const { query } = usePlace();
	const sigma = may("RULE_READ") && query.get("view") === "sigma";
	const { data, error, loading, reload } = useResource<Paged<DetectionRule>>(sigma ? null : RULES, 15);
	return (
		<Page
			title={t("detections.title")}
			actions={!sigma && (
				<>
					<Button appearance="subtle" icon={<ArrowClockwise20Regular />} onClick={reload}>{t("action.refresh")}</Button>
					{may("DETECTION_WRITE") && (
						<Button
							as="a" href={NEW} appearance="primary" icon={<Add20Regular />}
							onClick={(event: React.MouseEvent<HTMLElement>) => followLink(event, NEW)}
						>
							{t("detections.new")}
						</Button>
					)}
				</>
			)}
		>
			{may("RULE_READ") && (
				<TabList
					className={css["tabs"] ?? ""} selectedValue={sigma ? "sigma" : "own"}
					onTabSelect={(_, { value }) => setQuery({ view: value === "sigma" ? "sigma" : null }, false)}
				>
					<Tab value="own">{t("detections.own")}</Tab>
					<Tab value="sigma">{t("detections.sigma")}</Tab>
				</TabList>
			)}
			<ErrorBar error={error} retry={reload} />
			{sigma ? <DetectionRules /> : <OwnRules data={data} loading={loading} />}
		</Page>
	);
}
