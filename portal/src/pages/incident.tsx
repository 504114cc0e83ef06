// SPDX-License-Identifier: Apache-2.0
/*
 * incident.tsx - one incident: its alerts, the graph of their entities, one tree of all their processes
 */
import { lazy, Suspense, useEffect, useMemo, useState } from "react";

import { changeIncident } from "@/api/alerts";
import { get } from "@/api/http";
import { useResource } from "@/api/resource";
import { INCIDENT_STATUSES, type Incident, type ProcessTree } from "@/api/types";
import { SeverityBadge, StatusText } from "@/parts/badges";
import { alertColumns } from "@/parts/lists";
import { Facts, Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table } from "@/parts/table";
import { Techniques } from "@/parts/techniques";
import { Time } from "@/parts/time";
import { Comments, Triage } from "@/parts/triage";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./alert.module.css";

const ProcessGraph = lazy(() =>
	import("@/tree/process-tree").then((m) => ({ default: m.ProcessGraph })));
const IncidentGraph = lazy(() =>
	import("@/graph/incident-graph").then((m) => ({ default: m.IncidentGraph })));

/** More alerts than these share their processes with them anyway. */
const TREES_MAX = 20;

function useTrees(ids: string) {
	const [state, setState] = useState<{ trees: ProcessTree[] | null; error: unknown }>({ trees: null, error: null });
	const [round, setRound] = useState(0);
	useEffect(() => {
		const controller = new AbortController();
		setState({ trees: null, error: null });
		const paths = ids.split(",").filter(Boolean).map((id) => `/portal/api/alerts/${encodeURIComponent(id)}/tree`);
		Promise.all(paths.map((path) => get<ProcessTree>(path, controller.signal))).then(
			(trees) => setState({ trees, error: null }),
			(error: unknown) => {
				if (!controller.signal.aborted) setState({ trees: null, error });
			},
		);
		return () => controller.abort();
	}, [ids, round]);
	return { ...state, retry: () => setRound((n) => n + 1) };
}

function MergedTree({ incident }: { incident: Incident }) {
	const { t } = useTexts();
	const machineId = incident.alerts[0]?.machineId ?? "";
	const ids = incident.alerts.filter((a) => a.machineId === machineId).slice(0, TREES_MAX).map((a) => a.id);
	const { trees, error, retry } = useTrees(ids.join(","));
	const empty = trees?.every((tree) => tree.nodes.length === 0) ?? false;
	return (
		<Section title={t("incident.tree")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={retry} /></div>}
			{!trees && !error && <Lines rows={5} />}
			{empty && <Empty title={t("tree.none")} />}
			{trees && !empty && (
				<Suspense fallback={<Lines rows={5} />}>
					<ProcessGraph machineId={machineId} trees={trees} height={460} />
				</Suspense>
			)}
		</Section>
	);
}

function Body({ incident, replace }: { incident: Incident; replace(incident: Incident): void }) {
	const texts = useTexts();
	const { t } = texts;
	const techniques = useMemo(
		() => [...new Set(incident.alerts.flatMap((a) => a.mitreTechniques))].sort(),
		[incident],
	);
	const devices = [...new Map(incident.alerts.map((a) => [a.machineId, a.computerDnsName ?? a.machineId]))];
	const first = incident.alerts.map((a) => a.firstEventTime).sort()[0];
	const last = incident.alerts.map((a) => a.lastEventTime).sort().at(-1);
	return (
		<div className={css["columns"]}>
			<div className={css["wide"]}>
				<Section title={t("incident.alerts", { n: incident.alerts.length })} pad={false}>
					<Table
						label={t("nav.alerts")} columns={alertColumns(texts, false).filter((c) => c.id !== "assigned")}
						rows={incident.alerts} idOf={(a) => a.id} nameOf={(a) => a.title}
						linkOf={(a) => `/alerts/${a.id}`}
					/>
				</Section>
				{incident.alerts.length > 0 && (
					<Section title={t("graph.title")} pad={false}>
						<Suspense fallback={<Lines rows={5} />}><IncidentGraph incident={incident} /></Suspense>
					</Section>
				)}
				{incident.alerts.length > 0 && <MergedTree incident={incident} />}
				{techniques.length > 0 && (
					<Section title={t("alert.techniques")}><Techniques ids={techniques} /></Section>
				)}
			</div>
			<div className={css["side"]}>
				<Section title={t("alert.handling")}>
					<Triage
						item={incident} statuses={INCIDENT_STATUSES} permission="INCIDENT_WRITE"
						save={async (change) => replace({
							...incident, ...(await changeIncident(incident.incidentId, change)),
						})}
					/>
				</Section>
				<Section title={t("alert.facts")}>
					<Facts facts={[
						{
							name: t("nav.devices"),
							value: devices.filter(([id]) => id).map(([id, name]) => <div key={id}><Link to={`/devices/${id}`}>{name}</Link></div>),
						},
						{ name: t("alert.firstEvent"), value: <Time value={first} /> },
						{ name: t("alert.lastEvent"), value: <Time value={last} /> },
						{ name: t("alert.created"), value: <Time value={incident.createdTime} /> },
						{ name: t("incident.updated"), value: <Time value={incident.lastUpdateTime} /> },
					]} />
				</Section>
				<Section title={t("triage.comments")}><Comments comments={incident.comments} /></Section>
			</div>
		</div>
	);
}

export default function IncidentPage({ id }: { id: string }) {
	const { t } = useTexts();
	const { data, error, loading, reload, replace } =
		useResource<Incident>(`/api/incidents/${encodeURIComponent(id)}`);
	return (
		<Page
			title={data?.incidentName ?? t("incident.number", { id })}
			crumbs={[{ text: t("incidents.title"), to: "/incidents" }]}
			subtitle={data && (
				<>
					<span className="number">{t("incident.number", { id })}</span>
					<SeverityBadge value={data.severity} />
					<StatusText value={data.status} />
				</>
			)}
		>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <div className="card"><Lines rows={10} /></div>}
			{data && <Body incident={{ ...data, alerts: data.alerts ?? [] }} replace={replace} />}
		</Page>
	);
}
