// SPDX-License-Identifier: Apache-2.0
/*
 * seek.ts - from a value to where it leads: a page of the portal, or a query that looks for it
 *
 * Which columns hold the same kind of thing follows from their names; which tables have them, from
 * the server's schema.
 */
import { entityOfColumn, pageOf, type EntityKind } from "@/api/entities";
import type { Cell, HuntingSchema, RunColumn } from "@/api/hunting";

/* Names of columns that hold the same kind of thing; any other column is alone with its like. */
const KINDS = [
	/SHA256$/, /SHA1$/, /MD5$/, /IP$/, /^(RemoteUrl|DnsQueryString|FileOrigin(Referrer)?Url)$/,
	/AccountName$/, /AccountSid$/, /AccountUpn$/, /FileName$/, /FolderPath$/, /CommandLine$/, /ProcessUniqueId$/,
];

const TABLES_MAX = 8;

/** A text of the language. */
export function quote(value: Cell, type: string): string {
	if (value === null) return `${type}(null)`;
	if (type === "datetime" || type === "guid") return `${type}(${String(value)})`;
	if (type === "timespan") return `timespan(${String(value)})`;
	if (type === "string" || type === "dynamic")
		return `"${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
	return String(value);
}

/** A column's name where it must be bracketed. */
export function nameOf(name: string) {
	return /^[A-Za-z_]\w*$/.test(name) ? name : `['${name.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}']`;
}

/** One more step of a query. */
export function condition({ name, type }: RunColumn, value: Cell, keep: boolean) {
	const column = nameOf(name);
	if (value === null || value === "")
		return type === "string" ? `| where is${keep ? "" : "not"}empty(${column})` : `| where is${keep ? "" : "not"}null(${column})`;
	const left = type === "dynamic" ? `tostring(${column})` : column;
	return `| where ${left} ${keep ? "==" : "!="} ${quote(value, type)}`;
}

/** Everything of the last week in which one of the values stands where such values do. */
export function seekQuery(schema: HuntingSchema, { name, type }: RunColumn, values: readonly Cell[]): string {
	const kind = KINDS.find((k) => k.test(name));
	const matches = (column: string) => (kind ? kind.test(column) : column === name);
	const tables = schema.tables
		.filter((t) => t.filled && t.columns.some((c) => c.name === "Timestamp"))
		.map((t) => ({ table: t, columns: t.columns.filter((c) => c.filled && c.type === type && matches(c.name)) }))
		.filter(({ columns }) => columns.length > 0)
		.slice(0, TABLES_MAX);
	const literals = values.map((value) => quote(value, type));
	const is = literals.length === 1 ? `== ${literals[0]}` : `in (${literals.join(", ")})`;
	if (tables.length === 0) {
		const words = values.map((value) => quote(String(value), "string")).join(" or ");
		return `search ${words}\n| where Timestamp > ago(7d)\n| take 1000`;
	}
	const parts = tables.map(({ table, columns }) =>
		`    (${table.name} | where ${columns.map((c) => `${c.name} ${is}`).join(" or ")})`);
	return [
		"union withsource = SourceTable", parts.join(",\n"), "| where Timestamp > ago(7d)",
		"| project-reorder Timestamp, SourceTable, DeviceName, ActionType", "| top 1000 by Timestamp desc",
	].join("\n");
}

export interface Target {
	kind: "device" | "alert" | EntityKind;
	to: string;
}

const path = (kind: string, id: Cell) => `/${kind}/${encodeURIComponent(String(id))}`;

/** The portal's page about what a cell names. */
export function targetOf(columns: RunColumn[], row: Cell[], column: number): Target | null {
	const name = columns[column]?.name ?? "";
	const value = row[column] ?? null;
	if (value === null || value === "") return null;
	if (name === "DeviceId") return { kind: "device", to: path("devices", value) };
	if (name === "AlertId") return { kind: "alert", to: path("alerts", value) };
	const entity = entityOfColumn(name, value);
	if (entity) return { kind: entity.kind, to: pageOf(entity) };
	if (name !== "DeviceName") return null;
	// Names can be given twice; the id beside it says which.
	const id = columns.findIndex((c) => c.name === "DeviceId");
	return { kind: "device", to: path("devices", (id >= 0 && row[id]) || value) };
}

/** Device and number of the event that a row tells of. */
export function eventOf(columns: RunColumn[], row: Cell[]): { deviceId: string; reportId: string; time: string | null } | null {
	const at = (name: string) => row[columns.findIndex((c) => c.name === name)] ?? null;
	const deviceId = at("DeviceId"), reportId = at("ReportId");
	if (!deviceId || !reportId) return null;
	const time = at("Timestamp");
	return { deviceId: String(deviceId), reportId: String(reportId), time: typeof time === "string" ? time : null };
}
