// SPDX-License-Identifier: Apache-2.0
/* devices.tsx - the inventory: what is protected, how it is, when it was last heard of */
import { Button } from "@fluentui/react-components";
import { ArrowClockwise20Regular, Server24Regular } from "@fluentui/react-icons";

import { PAGE_SIZE } from "@/api/alerts";
import { literal, withQuery } from "@/api/http";
import { useResource } from "@/api/resource";
import type { Machine, Page as Paged } from "@/api/types";
import { HealthBadge, RiskBadge } from "@/parts/badges";
import { Filters, FilterMenu, FilterText } from "@/parts/filter";
import { Paging, useListQuery } from "@/parts/lists";
import { Page } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Age } from "@/parts/time";
import { Link, usePlace } from "@/router";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

const HEALTHS = ["Active", "Inactive", "ImpairedCommunication", "NoSensorData"] as const;

export function osOf(machine: Machine) {
	const name = machine.osDistribution || machine.osPlatform;
	return [name.charAt(0).toUpperCase() + name.slice(1), machine.version].filter(Boolean).join(" ");
}

function columns({ t }: Texts): Column<Machine>[] {
	return [
		{
			id: "name", name: t("device.name"), sort: "computerDnsName", width: "24%",
			render: (m) => <Link to={`/devices/${m.id}`} tabIndex={-1}>{m.computerDnsName}</Link>,
		},
		{
			id: "health", name: t("device.health"), sort: "healthStatus", width: "190px",
			render: (m) => <HealthBadge value={m.healthStatus} />,
		},
		{
			id: "risk", name: t("device.risk"), sort: "riskScore", width: "130px",
			render: (m) => <RiskBadge value={m.riskScore} />,
		},
		{ id: "os", name: t("device.os"), width: "18%", render: osOf },
		{
			id: "ip", name: t("device.ip"), sort: "lastIpAddress", width: "150px", extra: "medium",
			render: (m) => <span className="mono">{m.lastIpAddress}</span>,
		},
		{
			id: "agent", name: t("device.agent"), sort: "agentVersion", width: "110px", extra: "medium",
			render: (m) => <span className="number">{m.agentVersion}</span>,
		},
		{
			id: "seen", name: t("device.lastSeen"), sort: "lastSeen", width: "160px",
			render: (m) => <Age value={m.lastSeen} />,
		},
	];
}

export default function DevicesPage() {
	const texts = useTexts();
	const { t, named } = texts;
	const { may } = useSession();
	const { query: raw } = usePlace();
	const query = useListQuery("lastSeen");
	const health = raw.get("health")?.split(",").filter(Boolean) ?? [];
	const { order, page, text } = query;
	const filters = [
		health.length ? `healthStatus in (${health.map(literal).join(",")})` : "",
		text ? `(contains(computerDnsName,${literal(text)}) or contains(lastIpAddress,${literal(text)}))` : "",
	];
	const path = withQuery("/api/machines", {
		$filter: filters.filter(Boolean).join(" and "),
		$orderby: `${order.by} ${order.descending ? "desc" : "asc"}`,
		$top: PAGE_SIZE,
		$skip: page * PAGE_SIZE || null,
		$count: "true",
	});
	const { data, error, loading, reload } = useResource<Paged<Machine>>(path, 15);
	const rows = data?.value ?? [];
	const filtered = !!(health.length || text);
	return (
		<Page
			title={t("devices.title")}
			actions={
				<Button appearance="subtle" icon={<ArrowClockwise20Regular />} onClick={reload}>
					{t("action.refresh")}
				</Button>
			}
		>
			<Filters>
				<FilterText label={t("devices.filterText")} value={text} onChange={(v) => query.set("q", v)} />
				<FilterMenu
					label={t("device.health")} values={HEALTHS} chosen={health}
					nameOf={(v) => named("health", v)} onChange={(v) => query.set("health", v)}
				/>
			</Filters>
			<ErrorBar error={error} retry={reload} />
			<div className="card">
				{!data && loading && <Lines rows={8} height={44} />}
				{data && rows.length === 0 && (
					<Empty icon={<Server24Regular />} title={t(filtered ? "devices.noneFiltered" : "devices.none")}>
						{!filtered && may("ONBOARDING") && <Link to="/onboarding">{t("devices.noneMore")}</Link>}
					</Empty>
				)}
				{rows.length > 0 && (
					<Table
						label={t("devices.title")} columns={columns(texts)} rows={rows}
						idOf={(m) => m.id} nameOf={(m) => m.computerDnsName}
						linkOf={(m) => `/devices/${m.id}`} order={order} onOrder={query.setOrder}
					/>
				)}
			</div>
			{data && rows.length > 0 && <Paging page={page} total={data["@odata.count"] ?? rows.length} />}
		</Page>
	);
}
