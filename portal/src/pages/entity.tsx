// SPDX-License-Identifier: Apache-2.0
/*
 * entity.tsx - one file, address, domain or user: who saw it and when, its alerts, its newest events
 */
import { Button } from "@fluentui/react-components";
import { DocumentSearch20Regular } from "@fluentui/react-icons";
import { useEffect, useState, type MouseEvent } from "react";

import {
	alertsOfEntity, columnOf, entityPath, filePath, type Entity, type EntityDevice, type EntityKind, type EntityRef, type FileObject,
} from "@/api/entities";
import { loadSchema } from "@/api/hunting";
import { useResource } from "@/api/resource";
import type { Alert, Page as Paged, TimelineEvent } from "@/api/types";
import { seekQuery } from "@/hunting/seek";
import { PlainTag } from "@/parts/badges";
import { CopyButton } from "@/parts/copy";
import { alertColumns } from "@/parts/lists";
import { Facts, Page, Section, type Fact } from "@/parts/page";
import { ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time, useClock } from "@/parts/time";
import { followLink, Link } from "@/router";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";
import { describe } from "@/timeline/describe";
import { aroundLink } from "@/timeline/around";

import css from "./entity.module.css";

function Copied({ name, value }: { name: string; value: string }) {
	const { t } = useTexts();
	return (
		<span className={css["copy"]}>
			<span className="mono wrap">{value}</span>
			<CopyButton text={value} label={t("copy.value", { name })} />
		</span>
	);
}

/** Of a page whose parts are often empty: one quiet line. */
function Nothing({ children }: { children: string }) {
	return <p className={`muted ${css["pad"]}`}>{children}</p>;
}

/** A query for all of it in the last week; where the schema does not come there is no link. */
function useHunt(entity: EntityRef) {
	const { may } = useSession();
	const mayHunt = may("HUNT");
	const [to, setTo] = useState<string | null>(null);
	const { kind, value } = entity;
	useEffect(() => {
		let gone = false;
		if (mayHunt)
			loadSchema().then((schema) => {
				const query = seekQuery(schema, { name: columnOf({ kind, value }), type: "string" }, [value]);
				if (!gone) setTo(`/hunting?query=${encodeURIComponent(query)}`);
			}, () => undefined);
		return () => {
			gone = true;
		};
	}, [kind, value, mayHunt]);
	return to;
}

function Figures({ entity, ever }: { entity: Entity; ever: FileObject | undefined }) {
	const { t, number } = useTexts();
	const figures: (Fact | false)[] = [
		{
			name: t("entity.devices", { days: entity.lookBackDays }),
			value: <span className={`number ${css["big"]}`}>{number(entity.deviceCount)}</span>,
		},
		{ name: t("device.firstSeen"), value: entity.firstSeen && <Time value={entity.firstSeen} /> },
		{ name: t("device.lastSeen"), value: entity.lastSeen && <Time value={entity.lastSeen} /> },
		!!ever && {
			name: t("entity.ever"),
			value: <span className={`number ${css["big"]}`}>{number(ever.globalPrevalence)}</span>,
		},
		!!ever?.globalFirstObserved && {
			name: t("entity.everFirst"), value: <Time value={ever.globalFirstObserved} />,
		},
	];
	return (
		<dl className={`card ${css["figures"]}`} aria-label={t("entity.prevalence")} style={{ margin: 0 }}>
			{figures.filter((f): f is Fact => !!f).map((f) => (
				<div key={f.name}>
					<dt>{f.name}</dt>
					<dd>{f.value || <span className="muted">–</span>}</dd>
				</div>
			))}
		</dl>
	);
}

function Devices({ devices, total }: { devices: EntityDevice[]; total: number }) {
	const { t } = useTexts();
	const columns: Column<EntityDevice>[] = [
		{
			id: "device", name: t("device.name"),
			render: (d) => <Link to={`/devices/${d.machineId}`} tabIndex={-1}>{d.computerDnsName || d.machineId}</Link>,
		},
		{ id: "first", name: t("device.firstSeen"), width: "190px", render: (d) => <Time value={d.firstSeen} /> },
		{ id: "last", name: t("device.lastSeen"), width: "190px", render: (d) => <Time value={d.lastSeen} /> },
	];
	return (
		<Section title={t("nav.devices")} pad={false}>
			{devices.length === 0 && <Nothing>{t("entity.noDevices")}</Nothing>}
			{devices.length > 0 && (
				<Table
					label={t("nav.devices")} columns={columns} rows={devices} idOf={(d) => d.machineId}
					nameOf={(d) => d.computerDnsName} linkOf={(d) => `/devices/${d.machineId}`}
				/>
			)}
			{total > devices.length && <p className={`muted ${css["pad"]}`}>{t("tree.more", { n: total - devices.length })}</p>}
		</Section>
	);
}

function Alerts({ entity }: { entity: EntityRef }) {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, loading, reload } = useResource<Paged<Alert>>(alertsOfEntity(entity), 60);
	const rows = data?.value ?? [];
	return (
		<Section title={t("nav.alerts")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && loading && <Lines rows={2} />}
			{data && rows.length === 0 && <Nothing>{t("entity.noAlerts")}</Nothing>}
			{rows.length > 0 && (
				<Table
					label={t("nav.alerts")} columns={alertColumns(texts).filter((c) => c.id !== "assigned" && c.id !== "category")} rows={rows}
					idOf={(a) => a.id} nameOf={(a) => a.title} linkOf={(a) => `/alerts/${a.id}`}
				/>
			)}
		</Section>
	);
}

function eventColumns(texts: Texts, names: ReadonlyMap<string, string>): Column<TimelineEvent>[] {
	const { t } = texts;
	return [
		{ id: "time", name: t("timeline.time"), width: "180px", render: (e) => <Time value={e.time} /> },
		{
			id: "device", name: t("device.name"), width: "130px", extra: "medium",
			render: (e) => names.get(String(e.columns.DeviceId ?? "")),
		},
		{ id: "action", name: t("timeline.action"), width: "170px", render: (e) => describe(e, texts).action },
		{
			id: "what", name: t("timeline.what"),
			render: (e) => {
				const { subject, detail } = describe(e, texts);
				return (
					<span className={css["what"]} title={[subject, detail].filter(Boolean).join(" · ")}>
						<b className="clip">{subject}</b>
						<span className="mono clip muted">{detail.slice(0, 300)}</span>
					</span>
				);
			},
		},
		{ id: "by", name: t("timeline.by"), width: "150px", extra: "wide", render: (e) => describe(e, texts).actor },
	];
}

function Events({ events, devices }: { events: TimelineEvent[]; devices: EntityDevice[] }) {
	const texts = useTexts();
	const names = new Map(devices.map((d) => [d.machineId, d.computerDnsName]));
	const { t } = texts;
	return (
		<Section title={t("entity.events")} pad={false}>
			{events.length === 0 && <Nothing>{t("timeline.none")}</Nothing>}
			{events.length > 0 && (
				<Table
					label={t("entity.events")} columns={eventColumns(texts, names)} rows={events}
					idOf={(e) => `${e.columns.DeviceId ?? ""} ${e.reportId}`}
					nameOf={(e) => describe(e, texts).subject}
					linkOf={(e) => aroundLink(String(e.columns.DeviceId ?? ""), e.time)}
				/>
			)}
		</Section>
	);
}

function fileFacts({ file }: Entity, { t, number }: Texts): (Fact | false)[] {
	const hashes: [string, string | null | undefined][] = [
		["SHA-256", file?.sha256], ["SHA-1", file?.sha1], ["MD5", file?.md5],
	];
	return [
		...hashes.map(([name, value]) => !!value && { name, value: <Copied name={name} value={value} /> }),
		file?.size !== null && file?.size !== undefined && {
			name: t("entity.size"), value: t("entity.bytes", { n: number(file.size) }),
		},
	];
}

function Details({ entity }: { entity: Entity }) {
	const texts = useTexts();
	const { t, named } = texts;
	const name = named("entityKind", entity.kind);
	const facts = entity.kind === "file"
		? fileFacts(entity, texts)
		: [{ name, value: <Copied name={name} value={entity.value} /> }];
	return (
		<>
			<Section title={t("alert.facts")}>
				<Facts facts={facts.some(Boolean) ? facts : [{ name, value: <Copied name={name} value={entity.value} /> }]} />
			</Section>
			{entity.names.length > 0 && (
				<Section title={t("entity.names")}>
					<ul className={css["names"]}>
						{entity.names.map(({ fileName, folderPath }) => (
							<li key={`${fileName} ${folderPath}`} className="mono wrap">{folderPath || fileName}</li>
						))}
					</ul>
				</Section>
			)}
		</>
	);
}

function Body({ entity }: { entity: Entity }) {
	const { may } = useSession();
	const ofFile = entity.kind === "file" && entity.deviceCount > 0 && may("FILE_READ");
	const ever = useResource<FileObject>(ofFile ? filePath(entity.value) : null);
	return (
		<div className={css["columns"]}>
			<div className={css["wide"]}>
				<Figures entity={entity} ever={ever.data} />
				{may("ALERT_READ") && <Alerts entity={entity} />}
				<Devices devices={entity.devices} total={entity.deviceCount} />
				<Events events={entity.events} devices={entity.devices} />
			</div>
			<div className={css["side"]}><Details entity={entity} /></div>
		</div>
	);
}

function EntityPage({ kind, value }: EntityRef) {
	const { t, named } = useTexts();
	const clock = useClock();
	const entity = { kind, value };
	const hunt = useHunt(entity);
	const { data, error, loading, reload } = useResource<Entity>(entityPath(entity), 60);
	const name = data?.names[0]?.fileName;
	return (
		<Page
			title={name ?? value}
			subtitle={
				<>
					<PlainTag>{named("entityKind", kind)}</PlainTag>
					{name && <span className="mono wrap">{value}</span>}
					{data?.lastSeen && <span>{t("device.lastSeen")}: {clock.format(data.lastSeen, "minute")} {clock.zoneName}</span>}
				</>
			}
			actions={hunt && (
				<Button as="a" href={hunt} icon={<DocumentSearch20Regular />} onClick={(event: MouseEvent<HTMLElement>) => followLink(event, hunt)}>
					{t("entity.hunt")}
				</Button>
			)}
		>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <div className="card"><Lines rows={8} /></div>}
			{data && <Body entity={data} />}
		</Page>
	);
}

const pageFor = (kind: EntityKind) => ({ id }: { id: string }) => <EntityPage kind={kind} value={id} />;
export const FilePage = pageFor("file");
export const IpPage = pageFor("ip");
export const DomainPage = pageFor("domain");
export const UserPage = pageFor("user");
