// SPDX-License-Identifier: Apache-2.0
/*
 * hunting.ts - hunting queries: schema, check, run and its cancelling, kept ones, history
 */
import { ApiError, get, request } from "./http";
import type { Page } from "./types";

export interface SchemaColumn {
	name: string;
	type: string;
	description: string;
	filled: boolean;
}

export interface SchemaTable {
	name: string;
	description: string;
	filled: boolean;
	columns: SchemaColumn[];
}

export interface HuntingSchema {
	lookbackDays: number;
	rowsMax: number;
	tables: SchemaTable[];
}

export interface Diagnostic {
	code: string;
	message: string;
	expected?: string;
	suggestion?: string;
	line: number;
	/** In characters, from 1. */
	column: number;
	/** Both in bytes of UTF-8. */
	offset: number;
	length: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The server counts bytes, the browser UTF-16. */
export function unitsOf(text: string, bytes: number) {
	return decoder.decode(encoder.encode(text).subarray(0, bytes)).length;
}

export interface RunColumn {
	name: string;
	type: string;
}

export interface Render {
	kind: string;
	properties: Record<string, string>;
}

/** What JSON has of a value; a long beyond 53 bits is a text. */
export type Cell = string | number | boolean | null;

export interface Statistics {
	compileMicroseconds: number;
	waitMilliseconds: number;
	executeMilliseconds: number;
	lookbackDays: number;
	rowsMax: number;
}

export interface RunAnswer {
	columns: RunColumn[];
	rows: Cell[][];
	rowCount: number;
	limited: boolean;
	render: Render | null;
	statistics: Statistics;
}

export interface KeptQuery {
	id: string;
	name: string;
	description: string;
	shared: boolean;
	ownerId: string;
	createdBy: string;
	updatedBy: string;
	updatedTime: string;
}

export interface KeptQueryText extends KeptQuery {
	query: string;
}

export interface PastRun {
	sequence: number;
	query: string;
	startedTime: string;
	milliseconds: number;
	rowCount: number | null;
	outcome: "Success" | "Limited" | "Refused" | "Cancelled" | "Failed";
}

const QUERIES = "/portal/api/hunting/queries";
export const HISTORY = "/portal/api/hunting/history";
const PAGES_MAX = 20;

let schema: Promise<HuntingSchema> | null = null;

/** Once a page load: it changes with the server's version only. */
export function loadSchema(): Promise<HuntingSchema> {
	schema ??= get<HuntingSchema>("/api/hunting/schema").catch((error: unknown) => {
		schema = null;
		throw error;
	});
	return schema;
}

export function checkQuery(query: string, signal: AbortSignal): Promise<{ diagnostics: Diagnostic[] }> {
	return request("POST", "/api/hunting/check", { body: { query }, signal });
}

/** Longs come as texts; those that a number can hold become one. */
function readLongs({ columns, rows }: RunAnswer) {
	for (const [i, { type }] of columns.entries()) {
		if (type !== "long") continue;
		for (const row of rows) {
			const value = Number(row[i]);
			if (row[i] !== null && Number.isSafeInteger(value)) row[i] = value;
		}
	}
}

export async function runQuery(query: string, id: string, signal: AbortSignal): Promise<RunAnswer> {
	const body = { query, id, longsAsText: true };
	const answer = await request<RunAnswer>("POST", "/api/hunting/run", { body, signal });
	readLongs(answer);
	return answer;
}

export function cancelRun(id: string): Promise<void> {
	return request("DELETE", `/api/hunting/runs/${encodeURIComponent(id)}`);
}

/** What the compiler has against a query that was run; empty for other errors. */
export function diagnosticsOf(error: unknown): Diagnostic[] {
	return error instanceof ApiError ? (error.details as Diagnostic[]) : [];
}

/** All of them, without their texts. */
export async function listQueries(signal?: AbortSignal): Promise<KeptQuery[]> {
	const found: KeptQuery[] = [];
	let next: string | undefined = `${QUERIES}?$select=id,name,description,shared,ownerId,createdBy,updatedBy,updatedTime`;
	for (let i = 0; next && i < PAGES_MAX; i++) {
		const page: Page<KeptQuery> = await get<Page<KeptQuery>>(next, signal);
		found.push(...page.value);
		const link = page["@odata.nextLink"];
		next = link ? new URL(link, window.location.href).pathname + new URL(link, window.location.href).search : undefined;
	}
	return found;
}

export function getQuery(id: string): Promise<KeptQueryText> {
	return get(`${QUERIES}/${encodeURIComponent(id)}`);
}

export interface QueryChange {
	name?: string;
	description?: string;
	query?: string;
	shared?: boolean;
}

export function createQuery(body: QueryChange): Promise<KeptQueryText> {
	return request("POST", QUERIES, { body });
}

export function changeQuery(id: string, body: QueryChange): Promise<KeptQueryText> {
	return request("PATCH", `${QUERIES}/${encodeURIComponent(id)}`, { body });
}

export function deleteQuery(id: string): Promise<void> {
	return request("DELETE", `${QUERIES}/${encodeURIComponent(id)}`);
}

export function linkOf(id: string) {
	return `${window.location.origin}/hunting?id=${encodeURIComponent(id)}`;
}
