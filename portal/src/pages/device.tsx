// SPDX-License-Identifier: Apache-2.0
/*
 * device.tsx - one device: what it is, its alerts, the state of its sensor, all it did
 */
import { Tab, TabList } from "@fluentui/react-components";
import { ShieldCheckmark24Regular } from "@fluentui/react-icons";
import { lazy, Suspense } from "react";

import { alertsPath } from "@/api/alerts";
import { useResource } from "@/api/resource";
import type { Alert, Machine, Page as Paged } from "@/api/types";
import { HealthBadge, PlainTag, RiskBadge } from "@/parts/badges";
import { CopyButton } from "@/parts/copy";
import { alertColumns } from "@/parts/lists";
import { Facts, Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table } from "@/parts/table";
import { Age, Time } from "@/parts/time";
import { navigate } from "@/router";
import { useTexts } from "@/text/text";

import css from "./device.module.css";
import { DeviceHealth } from "./device-health";
import { osOf } from "./devices";

const Timeline = lazy(() => import("@/timeline/timeline"));

const PARTS = ["overview", "timeline", "alerts", "health"] as const;
type Part = (typeof PARTS)[number];

function DeviceAlerts({ machineId, limit }: { machineId: string; limit?: number }) {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, loading, reload } = useResource<Paged<Alert>>(alertsPath({ machineId }), 30);
	const rows = (data?.value ?? []).slice(0, limit);
	return (
		<>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <Lines rows={3} />}
			{data && rows.length === 0 && (
				<Empty icon={<ShieldCheckmark24Regular />} title={t("device.noAlerts")} />
			)}
			{rows.length > 0 && (
				<Table
					label={t("nav.alerts")} columns={alertColumns(texts, false)} rows={rows}
					idOf={(a) => a.id} nameOf={(a) => a.title} linkOf={(a) => `/alerts/${a.id}`}
				/>
			)}
		</>
	);
}

/** "02fc00000001" as people write it. */
function macOf(text: string | null | undefined) {
	return text && /^[0-9a-f]{12}$/i.test(text) ? text.match(/../g)?.join(":") : text;
}

function Overview({ machine }: { machine: Machine }) {
	const { t, named } = useTexts();
	const addresses = machine.ipAddresses ?? [];
	return (
		<div className={css["overview"]}>
			<Section title={t("device.facts")} className={css["facts"] ?? ""}>
				<Facts columns={3} facts={[
					{ name: t("device.os"), value: osOf(machine) },
					{ name: t("device.kernel"), value: machine.osBuild && String(machine.osBuild) },
					{ name: t("device.architecture"), value: machine.osArchitecture || machine.osProcessor },
					{ name: t("device.agent"), value: machine.agentVersion },
					{ name: t("device.value"), value: named("deviceValue", machine.deviceValue) },
					{ name: t("device.external"), value: machine.lastExternalIpAddress },
					{ name: t("device.firstSeen"), value: <Time value={machine.firstSeen} /> },
					{ name: t("device.lastSeen"), value: <Time value={machine.lastSeen} /> },
					machine.machineTags.length > 0 && {
						name: t("device.tags"),
						value: <span className={css["tags"]}>{machine.machineTags.map((tag) => <PlainTag key={tag}>{tag}</PlainTag>)}</span>,
					},
				]} />
				<div className={css["id"]}>
					<Facts facts={[{
						name: t("device.id"),
						value: (
							<span className={css["copy"]}>
								<span className="mono wrap">{machine.id}</span>
								<CopyButton text={machine.id} label={t("copy.value", { name: t("device.id") })} />
							</span>
						),
					}]} />
				</div>
			</Section>
			<Section title={t("device.addresses")}>
				{addresses.length === 0 && <p className="muted">{machine.lastIpAddress || "–"}</p>}
				<ul className={css["addresses"]}>
					{addresses.map((a) => (
						<li key={`${a.ipAddress} ${a.macAddress ?? ""}`}>
							<span className="mono wrap">{a.ipAddress}</span>
							<span className="muted">{[a.type, macOf(a.macAddress)].filter(Boolean).join(" · ")}</span>
						</li>
					))}
				</ul>
			</Section>
			<Section title={t("device.latestAlerts")} pad={false} className={css["all"] ?? ""}>
				<DeviceAlerts machineId={machine.id} limit={5} />
			</Section>
		</div>
	);
}

export default function DevicePage({ id, part }: { id: string; part: string }) {
	const { t } = useTexts();
	const shown: Part = PARTS.find((p) => p === part) ?? "overview";
	const base = `/devices/${encodeURIComponent(id)}`;
	const { data, error, loading, reload } =
		useResource<Machine>(`/api/machines/${encodeURIComponent(id)}`, 30);
	return (
		<Page
			fill={shown === "timeline"}
			title={data?.computerDnsName ?? t("device.one")}
			crumbs={[{ text: t("devices.title"), to: "/devices" }]}
			subtitle={data && (
				<>
					<HealthBadge value={data.healthStatus} />
					<span>{t("device.risk")}: <RiskBadge value={data.riskScore} /></span>
					<span>{osOf(data)}</span>
					<span>{t("device.lastSeen")}: <Age value={data.lastSeen} /></span>
				</>
			)}
		>
			<ErrorBar error={error} retry={reload} />
			<TabList
				className={css["tabs"] ?? ""} selectedValue={shown}
				onTabSelect={(_, { value }) =>
					navigate(value === "overview" ? base : `${base}/${String(value)}`)}
			>
				{PARTS.map((p) => <Tab key={p} value={p}>{t(`device.tab.${p}`)}</Tab>)}
			</TabList>
			{!data && loading && <div className="card"><Lines rows={8} /></div>}
			{data && shown === "overview" && <Overview machine={data} />}
			{data && shown === "alerts" && <div className="card"><DeviceAlerts machineId={data.id} /></div>}
			{data && shown === "health" && <DeviceHealth machineId={data.id} />}
			{data && shown === "timeline" && (
				<Suspense fallback={<div className="card"><Lines rows={12} height={36} /></div>}>
					<Timeline machineId={data.id} />
				</Suspense>
			)}
		</Page>
	);
}
