// SPDX-License-Identifier: Apache-2.0
/*
 * device-health.tsx - what the device says of its sensor, as it said it
 *
 * The report grows with the sensor: what has a text here gets it, everything else is shown under
 * its own name, nested as it came. Nothing is left out.
 */
import { Stethoscope24Regular } from "@fluentui/react-icons";

import { useResource } from "@/api/resource";
import type { MachineHealth } from "@/api/types";
import { HealthBadge } from "@/parts/badges";
import { Facts, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Age, Time } from "@/parts/time";
import { useTexts } from "@/text/text";

import css from "./device.module.css";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

function isPlain(value: Json): value is string | number | boolean | null {
	return typeof value !== "object" || value === null;
}

function words(name: string) {
	const text = name.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
	return text.charAt(0).toUpperCase() + text.slice(1);
}

function Plain({ value }: { value: string | number | boolean | null }) {
	const { t, number } = useTexts();
	if (value === null || value === "") return <span className="muted">–</span>;
	if (typeof value === "boolean") return <>{t(value ? "value.yes" : "value.no")}</>;
	if (typeof value === "number") return <span className="number">{number(value)}</span>;
	if (TIME.test(value)) return <Time value={value} />;
	return <span className="wrap">{value}</span>;
}

/** A list of objects with the same plain members is a table. */
function asTable(value: Json[]): string[] | null {
	const first = value[0];
	if (value.length === 0 || first === undefined || isPlain(first) || Array.isArray(first)) return null;
	const names = Object.keys(first);
	const fits = value.every((row) =>
		!isPlain(row) && !Array.isArray(row) && Object.values(row).every((v) => isPlain(v)));
	return fits && names.length <= 8 ? names : null;
}

function Listed({ value }: { value: Json[] }) {
	const { named } = useTexts();
	const names = asTable(value);
	if (!names) {
		return (
			<ul className={css["plainList"]}>
				{value.map((v, i) => <li key={i}>{isPlain(v) ? <Plain value={v} /> : JSON.stringify(v)}</li>)}
			</ul>
		);
	}
	return (
		<div className={css["tableBox"]}>
			<table className={css["report"]}>
				<thead>
					<tr>{names.map((n) => <th key={n} scope="col">{named("report", n) === n ? words(n) : named("report", n)}</th>)}</tr>
				</thead>
				<tbody>
					{value.map((row, i) => (
						<tr key={i}>
							{names.map((n) => (
								<td key={n}><Plain value={(row as Record<string, string | number | boolean | null>)[n] ?? null} /></td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Report({ value, title, depth = 0 }: { value: Record<string, Json>; title: string; depth?: number }) {
	const { named } = useTexts();
	const nameOf = (n: string) => (named("report", n) === n ? words(n) : named("report", n));
	const plain = Object.entries(value).filter((e): e is [string, string | number | boolean | null] => isPlain(e[1]));
	const nested = Object.entries(value).filter(([, v]) => !isPlain(v)) as [string, Json[] | Record<string, Json>][];
	const body = plain.length > 0 && (
		<Facts columns={3} facts={plain.map(([n, v]) => ({ name: nameOf(n), value: <Plain value={v} /> }))} />
	);
	const rest = nested.map(([n, v]) =>
		Array.isArray(v)
			? v.length > 0 && <div key={n} className={css["group"]}><h3>{nameOf(n)}</h3><Listed value={v} /></div>
			: <Report key={n} value={v} title={nameOf(n)} depth={depth + 1} />);
	if (depth > 0) return <div className={css["group"]}><h3>{title}</h3>{body}{rest}</div>;
	return <Section title={title}>{body}{rest}</Section>;
}

export function DeviceHealth({ machineId }: { machineId: string }) {
	const { t } = useTexts();
	const { data, error, loading, reload } =
		useResource<MachineHealth>(`/portal/api/machines/${machineId}/health`, 15);
	const report = data?.report as Record<string, Json> | null | undefined;
	const empty = !report || Object.keys(report).length === 0;
	return (
		<div className={css["health"]}>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <div className="card"><Lines rows={8} /></div>}
			{data && (
				<Section title={t("device.health")}>
					<Facts columns={3} facts={[
						{ name: t("device.health"), value: <HealthBadge value={data.healthStatus} /> },
						{ name: t("device.lastSeen"), value: <Age value={data.lastSeen} /> },
					]} />
				</Section>
			)}
			{data && (empty
				? <div className="card"><Empty icon={<Stethoscope24Regular />} title={t("health.none")}>{t("health.noneMore")}</Empty></div>
				: <Report value={report} title={t("health.report")} />)}
		</div>
	);
}
