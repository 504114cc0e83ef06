// SPDX-License-Identifier: Apache-2.0
/*
 * event-panel.tsx - beside the timeline: every column of one event, and its process tree
 */
import { Button, Tab, TabList, Tooltip } from "@fluentui/react-components";
import { Dismiss20Regular } from "@fluentui/react-icons";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";

import { withQuery } from "@/api/http";
import { useResource } from "@/api/resource";
import type { ProcessTree, TimelineEvent } from "@/api/types";
import { CopyButton } from "@/parts/copy";
import { ColumnLink } from "@/parts/entity-link";
import { Facts } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Time } from "@/parts/time";
import { useTexts } from "@/text/text";

import { describe } from "./describe";
import css from "./timeline.module.css";

const ProcessGraph = lazy(() =>
	import("@/tree/process-tree").then((m) => ({ default: m.ProcessGraph })));

const ENVELOPE = new Set(["Timestamp", "DeviceId", "DeviceName", "ActionType", "ReportId"]);
const COPY_FROM = 12;

type Group = "acting" | "event" | "record";

function groupOf(name: string): Group {
	if (ENVELOPE.has(name)) return "record";
	return name.startsWith("InitiatingProcess") ? "acting" : "event";
}

function asText(value: unknown): string {
	return typeof value === "object" && value !== null ? JSON.stringify(value, null, 1) : String(value);
}

function Columns({ event }: { event: TimelineEvent }) {
	const { t } = useTexts();
	const groups: Record<Group, [string, string][]> = { event: [], acting: [], record: [] };
	for (const [name, value] of Object.entries(event.columns))
		if (value !== null && value !== undefined && value !== "")
			groups[groupOf(name)].push([name, asText(value)]);
	return (
		<>
			{(Object.keys(groups) as Group[]).map((group) => groups[group].length > 0 && (
				<section key={group} className={css["columns"]}>
					<h3>{t(`event.group.${group}`)}</h3>
					<dl>
						{groups[group].map(([name, value]) => (
							<div key={name}>
								<dt>{name}</dt>
								<dd className="mono wrap"><ColumnLink column={name} value={value} /></dd>
								{value.length >= COPY_FROM
									? <CopyButton text={value} label={t("copy.value", { name })} />
									: <span />}
							</div>
						))}
					</dl>
				</section>
			))}
		</>
	);
}

function Tree({ machineId, event }: { machineId: string; event: TimelineEvent }) {
	const { t } = useTexts();
	const id = event.process?.uniqueId;
	const path = id
		? withQuery(`/portal/api/machines/${machineId}/processes/${encodeURIComponent(id)}/tree`, { time: event.time })
		: null;
	const { data, error, loading, reload } = useResource<ProcessTree>(path);
	const trees = useMemo(() => (data ? [data] : []), [data]);
	if (!id) return <Empty title={t("tree.none")} />;
	return (
		<>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <Lines rows={5} />}
			{data && (
				<Suspense fallback={<Lines rows={5} />}>
					<ProcessGraph machineId={machineId} trees={trees} height={360} />
				</Suspense>
			)}
		</>
	);
}

export function EventPanel({ machineId, event, close }: {
	machineId: string;
	event: TimelineEvent;
	close(): void;
}) {
	const texts = useTexts();
	const { t, named } = texts;
	const [tab, setTab] = useState("columns");
	const says = describe(event, texts);
	const title = [named("action", event.actionType), says.subject].filter(Boolean).join(": ");
	useEffect(() => {
		const onKey = (e: KeyboardEvent) => {
			if (e.key === "Escape" && !e.defaultPrevented) close();
		};
		window.addEventListener("keydown", onKey);
		return () => window.removeEventListener("keydown", onKey);
	}, [close]);
	return (
		<aside className={css["panel"]} aria-label={t("event.panel")}>
			<div className={css["panelHead"]}>
				<h2 className="wrap">{title}</h2>
				<Tooltip content={t("action.close")} relationship="label">
					<Button appearance="subtle" icon={<Dismiss20Regular />} onClick={close} />
				</Tooltip>
			</div>
			<TabList
				size="small" selectedValue={tab} className={css["panelTabs"] ?? ""}
				onTabSelect={(_, data) => setTab(String(data.value))}
			>
				<Tab value="columns">{t("event.columns")}</Tab>
				{event.kind !== "gap" && <Tab value="tree">{t("tree.title")}</Tab>}
			</TabList>
			<div className={css["panelBody"]}>
				{tab === "columns" || event.kind === "gap" ? (
					<>
						<div className={css["panelFacts"]}>
							<Facts columns={2} facts={[
								{ name: t("timeline.time"), value: <Time value={event.time} precision="milli" /> },
								!!event.receivedTime && {
									name: t("event.received"),
									value: <Time value={event.receivedTime} precision="milli" />,
								},
							]} />
						</div>
						<Columns event={event} />
					</>
				) : <Tree machineId={machineId} event={event} key={String(event.reportId)} />}
			</div>
		</aside>
	);
}
