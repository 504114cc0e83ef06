// SPDX-License-Identifier: Apache-2.0
/*
 * export.ts - rows as files: CSV for spreadsheets (RFC 4180), JSON for programs
 *
 * A text that a spreadsheet would take for a formula gets an apostrophe in front: command lines are
 * written by attackers too. Numbers stay numbers.
 */
import type { Cell, RunAnswer } from "@/api/hunting";

import { isNumber, textOf } from "./values";

const FORMULA = /^[=+\-@\t\r\n]/;
/** Without it Excel takes UTF-8 for something else. */
const MARK = "\ufeff";

function field(value: Cell | undefined, type: string) {
	const text = textOf(value);
	const safe = !isNumber(type) && type !== "timespan" && FORMULA.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf({ columns, rows }: RunAnswer, view: readonly number[]): string[] {
	const parts = [MARK, `${columns.map((c) => field(c.name, "string")).join(",")}\r\n`];
	for (const i of view)
		parts.push(`${columns.map((c, j) => field(rows[i]?.[j], c.type)).join(",")}\r\n`);
	return parts;
}

function jsonValue(value: Cell | undefined, type: string): unknown {
	if (type !== "dynamic" || typeof value !== "string" || value === "") return value ?? null;
	try {
		return JSON.parse(value);
	} catch {
		return value;
	}
}

/** Objects in a list; dynamic values as what they are. */
export function jsonOf({ columns, rows }: RunAnswer, view: readonly number[]): string[] {
	const parts = ["[\n"];
	for (const [n, i] of view.entries()) {
		const row = Object.fromEntries(columns.map((c, j) => [c.name, jsonValue(rows[i]?.[j], c.type)]));
		parts.push(`${n ? ",\n" : ""}${JSON.stringify(row)}`);
	}
	parts.push("\n]\n");
	return parts;
}

/** As a table for the clipboard: spreadsheets part it at tabs. */
export function tsvOf({ columns, rows }: RunAnswer, view: readonly number[]): string {
	const cell = (value: Cell | undefined) => textOf(value).replace(/[\t\r\n]+/g, " ");
	const lines = view.map((i) => columns.map((_, j) => cell(rows[i]?.[j])).join("\t"));
	return [columns.map((c) => c.name).join("\t"), ...lines].join("\n");
}

/** Hands a file to the browser. */
export function save(name: string, type: string, parts: string[]) {
	const url = URL.createObjectURL(new Blob(parts, { type }));
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}
