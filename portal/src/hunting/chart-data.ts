// SPDX-License-Identifier: Apache-2.0
/*
 * chart-data.ts - from rows and `render` to series of points, by the rules of the query language
 *
 * Which column is the axis, which are values and which part them into series follows from names given
 * in `with (...)`, else from types: learn.microsoft.com/kusto/query/render-operator. Lists that
 * make-series gives are unfolded. Knows nothing of how a chart is drawn.
 */
import type { Cell, Render, RunAnswer, RunColumn } from "@/api/hunting";

import { isNumber, numberOf, textOf } from "./values";

export const CHART_KINDS = [
	"time", "line", "area", "stackedarea", "column", "bar", "pie", "scatter", "card",
] as const;
export type ChartKind = (typeof CHART_KINDS)[number];

const KIND_OF: Record<string, ChartKind> = {
	timechart: "time", linechart: "line", areachart: "area", stackedareachart: "stackedarea", columnchart: "column",
	barchart: "bar", piechart: "pie", scatterchart: "scatter", card: "card", anomalychart: "time",
};

const SERIES_MAX = 50;
const CATEGORIES_MAX = 200;
const SLICES_MAX = 20;

export interface Series {
	name: string;
	/** For axes of time and numbers: places. For categories: one value each. */
	points: [number, number | null][];
}

export interface ChartData {
	kind: ChartKind;
	axis: "time" | "number" | "category";
	categories: string[];
	series: Series[];
	stacked: "no" | "yes" | "share";
	title: string;
	xTitle: string;
	yTitle: string;
	legend: boolean;
	logX: boolean;
	logY: boolean;
	least: number | null;
	greatest: number | null;
	/** Series or categories that had no room. */
	left: number;
}

export function kindOf(render: Render | null): ChartKind | null {
	return render ? (KIND_OF[render.kind] ?? null) : null;
}

function listOf(value: Cell): unknown[] | null {
	if (typeof value !== "string" || !value.startsWith("[")) return null;
	try {
		const list: unknown = JSON.parse(value);
		return Array.isArray(list) ? list : null;
	} catch {
		return null;
	}
}

const isoTime = (value: unknown) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);

/** make-series gives a row a series, its values in lists: a row a point. */
function unfold(answer: RunAnswer): RunAnswer {
	const first = answer.rows[0];
	const lists = answer.columns.map((c, i) => c.type === "dynamic" && listOf(first?.[i] ?? null) !== null);
	if (!lists.some(Boolean)) return answer;
	const rows: Cell[][] = [];
	for (const row of answer.rows) {
		const parts = row.map((value, i) => (lists[i] ? (listOf(value) ?? []) : null));
		const length = Math.max(0, ...parts.map((p) => p?.length ?? 0));
		for (let n = 0; n < length; n++)
			rows.push(row.map((value, i) => {
				const part = parts[i];
				if (!part) return value;
				const cell = part[n];
				return typeof cell === "object" && cell !== null ? JSON.stringify(cell) : ((cell ?? null) as Cell);
			}));
	}
	const sample = rows[0] ?? [];
	const columns = answer.columns.map((c, i): RunColumn => {
		if (!lists[i]) return c;
		const cell = sample[i];
		return { name: c.name, type: isoTime(cell) ? "datetime" : typeof cell === "number" || cell === null ? "real" : "string" };
	});
	return { ...answer, columns, rows };
}

interface Roles {
	x: number;
	ys: number[];
	by: number[];
}

const find = (columns: RunColumn[], names: string | undefined) =>
	(names ?? "").split(",").map((n) => columns.findIndex((c) => c.name === n.trim())).filter((i) => i >= 0);

function rolesOf(columns: RunColumn[], kind: ChartKind, properties: Record<string, string>): Roles | null {
	const all = columns.map((_, i) => i);
	const typed = (wanted: (type: string) => boolean, but: number[] = []) =>
		all.filter((i) => !but.includes(i) && wanted((columns[i] as RunColumn).type));
	const numeric = (type: string) => isNumber(type) || type === "timespan";
	const named = find(columns, properties["xcolumn"])[0];
	const times = typed((type) => type === "datetime");
	const words = typed((type) => !numeric(type));
	const x = named ?? (kind === "time" || kind === "area" || kind === "stackedarea" ? times[0] : undefined)
		?? (kind === "bar" || kind === "column" || kind === "pie" ? words[0] : undefined) ?? 0;
	const given = find(columns, properties["ycolumns"]);
	const by = find(columns, properties["series"]);
	const ys = given.length ? given : typed(numeric, [x, ...by]);
	if (ys.length === 0) return null;
	const rest = by.length ? by : typed((type) => type === "string" || type === "guid" || type === "bool", [x, ...ys]);
	return { x, ys: kind === "pie" ? ys.slice(0, 1) : ys, by: kind === "pie" ? [] : rest };
}

const yes = (value: string | undefined) => value?.toLowerCase() === "true";

/** Points of each series, in the order in which the series come. */
function collect({ columns, rows }: RunAnswer, { ys, by }: Roles, place: (row: Cell[]) => number) {
	const series = new Map<string, Series>();
	let left = 0;
	for (const row of rows) {
		const at = place(row);
		if (Number.isNaN(at)) continue;
		const prefix = by.map((i) => textOf(row[i])).join(", ");
		for (const y of ys) {
			const { name, type } = columns[y] as RunColumn;
			const full = by.length === 0 ? name : ys.length === 1 ? prefix : `${prefix}: ${name}`;
			let found = series.get(full);
			if (!found) {
				if (series.size >= SERIES_MAX) {
					left++;
					continue;
				}
				series.set(full, (found = { name: full, points: [] }));
			}
			const value = numberOf(row[y], type);
			found.points.push([at, Number.isFinite(value) ? value : null]);
		}
	}
	return { series: [...series.values()], left };
}

function accumulate({ points }: Series) {
	let sum = 0;
	for (const point of points) point[1] = sum += point[1] ?? 0;
}

function limit(value: string | undefined) {
	const n = Number(value);
	return value !== undefined && value !== "" && Number.isFinite(n) ? n : null;
}

/** null: nothing in the rows can be drawn so. */
export function chartOf(raw: RunAnswer, kind: ChartKind, properties: Record<string, string>): ChartData | null {
	const answer = unfold(raw);
	const { columns, rows } = answer;
	const roles = rolesOf(columns, kind, properties);
	if (!roles || rows.length === 0) return null;
	const { name: xName, type: xType } = columns[roles.x] as RunColumn;
	const bands = kind === "bar" || kind === "column" || kind === "pie";
	const axis = bands ? "category" : xType === "datetime" ? "time" : isNumber(xType) || xType === "timespan" ? "number" : "category";
	const categories: string[] = [];
	const places = new Map<string, number>();
	let dropped = 0;
	const most = kind === "pie" ? SLICES_MAX : CATEGORIES_MAX;
	const place = (row: Cell[]) => {
		if (axis !== "category") return numberOf(row[roles.x], xType);
		const text = textOf(row[roles.x]);
		let at = places.get(text);
		if (at === undefined && categories.length >= most) {
			dropped++;
			return NaN;
		}
		if (at === undefined) {
			places.set(text, (at = categories.length));
			categories.push(text);
		}
		return at;
	};
	const { series, left } = collect(answer, roles, place);
	for (const s of series) {
		if (axis !== "category" && kind !== "scatter") s.points.sort((a, b) => a[0] - b[0]);
		if (yes(properties["accumulate"])) accumulate(s);
	}
	const way = properties["kind"]?.toLowerCase() ?? "";
	return {
		kind, axis, categories, series, left: dropped + left,
		stacked: way === "stacked100" ? "share" : way === "stacked" || kind === "stackedarea" ? "yes" : "no",
		title: properties["title"] ?? "",
		xTitle: properties["xtitle"] ?? xName,
		yTitle: properties["ytitle"] ?? (roles.ys.length === 1 ? (columns[roles.ys[0] as number] as RunColumn).name : ""),
		legend: properties["legend"]?.toLowerCase() !== "hidden",
		logX: properties["xaxis"]?.toLowerCase() === "log",
		logY: properties["yaxis"]?.toLowerCase() === "log",
		least: limit(properties["ymin"]), greatest: limit(properties["ymax"]),
	};
}
