// SPDX-License-Identifier: Apache-2.0
/*
 * values.ts - values of the query language: as text, as number, in order
 */
import type { Cell } from "@/api/hunting";

const NUMBERS = new Set(["int", "long", "real", "decimal"]);

export function isNumber(type: string) {
	return NUMBERS.has(type);
}

/** Dynamic values may be null as JSON; both are "nothing" to a person. */
export function isEmpty(value: Cell | undefined) {
	return value === null || value === undefined || value === "";
}

const TIMESPAN = /^(-)?(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/;

/** "1.02:03:04.5" in seconds; NaN where it is none. */
export function secondsOf(timespan: string): number {
	const m = TIMESPAN.exec(timespan);
	if (!m) return NaN;
	const [, sign, days = "0", hours, minutes, seconds] = m;
	const all = Number(days) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
	return sign ? -all : all;
}

/** For axes, averages and order; NaN where the value is none. */
export function numberOf(value: Cell | undefined, type: string): number {
	if (value === null || value === undefined || value === "") return NaN;
	if (type === "datetime") return Date.parse(String(value));
	if (type === "timespan") return secondsOf(String(value));
	return Number(value);
}

/** As copied and exported: nothing is lost, nothing translated. */
export function textOf(value: Cell | undefined): string {
	return value === null || value === undefined ? "" : String(value);
}

type Compare = (a: Cell, b: Cell) => number;

const plain: Compare = (a, b) => (a! < b! ? -1 : a! > b! ? 1 : 0);

/* A long beyond 53 bits is a text beside numbers. */
const byNumber: Compare = (a, b) => {
	const order = Number(a) - Number(b);
	if (order !== 0 || typeof a === typeof b && typeof a === "number") return order;
	try {
		return plain(BigInt(a as string) as never, BigInt(b as string) as never);
	} catch {
		return 0;
	}
};

const byTimespan: Compare = (a, b) => secondsOf(String(a)) - secondsOf(String(b));

/** Datetimes are texts of one form, so their order is that of texts. */
export function comparerOf(type: string): Compare {
	if (isNumber(type)) return byNumber;
	return type === "timespan" ? byTimespan : plain;
}
