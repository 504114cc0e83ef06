// SPDX-License-Identifier: Apache-2.0
/* incidents.tsx - alerts that belong together, as one case each */
import { Button } from "@fluentui/react-components";
import { ArrowClockwise20Regular, LinkMultiple24Regular } from "@fluentui/react-icons";

import { incidentsPath } from "@/api/alerts";
import { useResource } from "@/api/resource";
import { INCIDENT_STATUSES, SEVERITIES, type Incident, type Page as Paged } from "@/api/types";
import { SeverityBadge, StatusText } from "@/parts/badges";
import { Filters, FilterMenu, FilterText } from "@/parts/filter";
import { Paging, useListQuery } from "@/parts/lists";
import { Page } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time } from "@/parts/time";
import { Link } from "@/router";
import { useTexts, type Texts } from "@/text/text";

function devicesOf(incident: Incident) {
	return [...new Set((incident.alerts ?? []).map((a) => a.computerDnsName ?? a.machineId))];
}

function columns({ t }: Texts): Column<Incident>[] {
	return [
		{
			id: "id", name: t("incident.id"), sort: "incidentId", width: "84px",
			render: (i) => <span className="number">{i.incidentId}</span>,
		},
		{
			id: "name", name: t("incident.name"), sort: "incidentName",
			render: (i) => (
				<Link to={`/incidents/${i.incidentId}`} tabIndex={-1} title={i.incidentName}>{i.incidentName}</Link>
			),
		},
		{
			id: "severity", name: t("alert.severity"), sort: "severity", width: "142px",
			render: (i) => <SeverityBadge value={i.severity} />,
		},
		{
			id: "status", name: t("alert.status"), sort: "status", width: "126px",
			render: (i) => <StatusText value={i.status} />,
		},
		{
			id: "alerts", name: t("nav.alerts"), width: "84px", align: "end",
			render: (i) => <span className="number">{i.alerts?.length ?? 0}</span>,
		},
		{ id: "devices", name: t("nav.devices"), width: "18%", render: (i) => devicesOf(i).join(", ") },
		{
			id: "assigned", name: t("alert.assignedTo"), width: "14%", extra: "medium",
			render: (i) => i.assignedTo || <span className="muted">{t("alert.unassigned")}</span>,
		},
		{
			id: "updated", name: t("incident.updated"), sort: "lastUpdateTime", width: "172px",
			render: (i) => <Time value={i.lastUpdateTime} />,
		},
	];
}

export default function IncidentsPage() {
	const texts = useTexts();
	const { t, named } = texts;
	const query = useListQuery("lastUpdateTime");
	const { order, page } = query;
	const path = incidentsPath({ ...query, orderBy: order.by, descending: order.descending });
	const { data, error, loading, reload } = useResource<Paged<Incident>>(path, 15);
	const rows = data?.value ?? [];
	const filtered = !!(query.severities.length || query.statuses.length || query.text);
	return (
		<Page
			title={t("incidents.title")}
			actions={
				<Button appearance="subtle" icon={<ArrowClockwise20Regular />} onClick={reload}>
					{t("action.refresh")}
				</Button>
			}
		>
			<Filters>
				<FilterText label={t("incidents.filterText")} value={query.text} onChange={(v) => query.set("q", v)} />
				<FilterMenu
					label={t("alert.severity")} values={SEVERITIES} chosen={query.severities}
					nameOf={(v) => named("severity", v)} onChange={(v) => query.set("severity", v)}
				/>
				<FilterMenu
					label={t("alert.status")} values={INCIDENT_STATUSES} chosen={query.statuses}
					nameOf={(v) => named("status", v)} onChange={(v) => query.set("status", v)}
				/>
			</Filters>
			<ErrorBar error={error} retry={reload} />
			<div className="card">
				{!data && loading && <Lines rows={8} height={44} />}
				{data && rows.length === 0 && (
					<Empty icon={<LinkMultiple24Regular />} title={t(filtered ? "incidents.noneFiltered" : "incidents.none")}>
						{t(filtered ? "alerts.noneFilteredMore" : "incidents.noneMore")}
					</Empty>
				)}
				{rows.length > 0 && (
					<Table
						label={t("incidents.title")} columns={columns(texts)} rows={rows}
						idOf={(i) => String(i.incidentId)} nameOf={(i) => i.incidentName}
						linkOf={(i) => `/incidents/${i.incidentId}`} order={order} onOrder={query.setOrder}
					/>
				)}
			</div>
			{data && rows.length > 0 && <Paging page={page} total={data["@odata.count"] ?? rows.length} />}
		</Page>
	);
}
