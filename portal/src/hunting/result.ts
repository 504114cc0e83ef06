// SPDX-License-Identifier: Apache-2.0
/*
 * result.ts - what of a result is shown and in which order, and what a column holds
 *
 * Works on the rows as they came: a view is a list of their numbers. A hundred thousand rows take
 * some tens of milliseconds.
 */
import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";

import { comparerOf, isEmpty, numberOf, isNumber } from "./values";

export interface Filter {
	column: number;
	value: Cell;
	/** False: all but these. */
	keep: boolean;
}

export interface Order {
	column: number;
	descending: boolean;
}

export const TOP_MAX = 10;

export interface ColumnStatistics {
	rows: number;
	empty: number;
	distinct: number;
	/** The most frequent first. */
	top: { value: Cell; count: number }[];
	least: Cell;
	greatest: Cell;
	average: number | null;
}

const same = (a: Cell, b: Cell) => a === b || (isEmpty(a) && isEmpty(b));

export function sameFilter(a: Filter, b: Filter) {
	return a.column === b.column && a.keep === b.keep && same(a.value, b.value);
}

function passes(row: Cell[], filters: Filter[]) {
	return filters.every(({ column, value, keep }) => same(row[column] ?? null, value) === keep);
}

/** Numbers of the rows that pass, in order; empty values come last either way. */
export function viewOf({ columns, rows }: RunAnswer, filters: Filter[], order: Order | null): number[] {
	const view: number[] = [];
	for (let i = 0; i < rows.length; i++)
		if (filters.length === 0 || passes(rows[i]!, filters)) view.push(i);
	if (!order) return view;
	const { column, descending } = order;
	const compare = comparerOf(columns[column]?.type ?? "string");
	const sign = descending ? -1 : 1;
	return view.sort((a, b) => {
		const x = rows[a]![column] ?? null;
		const y = rows[b]![column] ?? null;
		const emptyX = isEmpty(x), emptyY = isEmpty(y);
		if (emptyX || emptyY) return Number(emptyX) - Number(emptyY) || a - b;
		return sign * compare(x, y) || a - b;
	});
}

function topOf(counts: Map<Cell, number>) {
	const top: { value: Cell; count: number }[] = [];
	let least = 0;
	for (const [value, count] of counts) {
		if (top.length === TOP_MAX && count <= least) continue;
		top.push({ value, count });
		top.sort((a, b) => b.count - a.count);
		if (top.length > TOP_MAX) top.pop();
		least = top[top.length - 1]?.count ?? 0;
	}
	return top;
}

export function statisticsOf(answer: RunAnswer, view: number[], column: number): ColumnStatistics {
	const { type } = answer.columns[column] as RunColumn;
	const compare = comparerOf(type);
	const counts = new Map<Cell, number>();
	let empty = 0, sum = 0, numbers = 0;
	let least: Cell = null, greatest: Cell = null;
	for (const row of view) {
		const value = answer.rows[row]![column] ?? null;
		if (isEmpty(value)) {
			empty++;
			continue;
		}
		counts.set(value, (counts.get(value) ?? 0) + 1);
		if (least === null || compare(value, least) < 0) least = value;
		if (greatest === null || compare(value, greatest) > 0) greatest = value;
		if (!isNumber(type)) continue;
		const n = numberOf(value, type);
		if (Number.isFinite(n)) {
			sum += n;
			numbers++;
		}
	}
	return {
		rows: view.length, empty, distinct: counts.size, top: topOf(counts), least, greatest,
		average: numbers ? sum / numbers : null,
	};
}
