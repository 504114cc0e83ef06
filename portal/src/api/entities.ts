// SPDX-License-Identifier: Apache-2.0
/*
 * entities.ts - files, addresses, domains and users: their pages, and which value is one
 *
 * Which columns hold an entity follows from their names, as in hunting.
 */
import { withQuery } from "./http";
import type { TimelineEvent } from "./types";

export const ENTITY_KINDS = ["file", "ip", "domain", "user"] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

export interface EntityRef {
	kind: EntityKind;
	value: string;
}

export interface EntityDevice {
	machineId: string;
	computerDnsName: string;
	firstSeen: string;
	lastSeen: string;
}

export interface Entity {
	kind: EntityKind;
	value: string;
	lookBackDays: number;
	deviceCount: number;
	firstSeen: string | null;
	lastSeen: string | null;
	devices: EntityDevice[];
	file: { sha1: string | null; sha256: string | null; md5: string | null; size: number | null } | null;
	names: { fileName: string; folderPath: string }[];
	events: TimelineEvent[];
}

/** The reference's object, as far as its members are filled. */
export interface FileObject {
	globalPrevalence: number;
	globalFirstObserved: string | null;
	globalLastObserved: string | null;
}

/** Of the address bar and of the API alike. */
const PLACES: Record<EntityKind, string> = { file: "files", ip: "ips", domain: "domains", user: "users" };

export const pageOf = ({ kind, value }: EntityRef) => `/${PLACES[kind]}/${encodeURIComponent(value)}`;
export const entityPath = ({ kind, value }: EntityRef) => `/portal/api/entities/${kind}/${encodeURIComponent(value)}`;
export const filePath = (hash: string) => `/api/files/${encodeURIComponent(hash)}`;
export const alertsOfEntity = ({ kind, value }: EntityRef) =>
	withQuery(`/api/${PLACES[kind]}/${encodeURIComponent(value)}/alerts`, { $top: 50, $count: "true" });

const HASH = /^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;
const DOMAIN = /^[\w-]+(\.[\w-]+)*$/;

/** The host of an address of the web, or the name itself. */
function hostOf(text: string) {
	const host = text.replace(/^[a-z][\w+.-]*:\/\//i, "").replace(/[/:?#].*$/, "");
	return DOMAIN.test(host) ? host.toLowerCase() : "";
}

const COLUMNS: [RegExp, EntityKind][] = [
	[/(SHA256|SHA1|MD5)$/, "file"],
	[/^(RemoteIP|FileOriginIP|RequestSourceIP)$/, "ip"],
	[/^(RemoteUrl|DnsQueryString)$/, "domain"],
	[/AccountName$/, "user"],
];

/** The entity that a column's value names; null where it names none. */
export function entityOfColumn(column: string, value: unknown): EntityRef | null {
	const text = typeof value === "string" ? value.trim() : "";
	const kind = COLUMNS.find(([pattern]) => pattern.test(column))?.[1];
	if (!kind || !text) return null;
	if (kind === "file") return HASH.test(text) ? { kind, value: text.toLowerCase() } : null;
	if (kind === "domain") return hostOf(text) ? { kind, value: hostOf(text) } : null;
	return { kind, value: text };
}

/** The column to begin a hunting query with. */
export function columnOf({ kind, value }: EntityRef) {
	if (kind === "file") return { 32: "MD5", 40: "SHA1" }[value.length] ?? "SHA256";
	return { ip: "RemoteIP", domain: "RemoteUrl", user: "AccountName" }[kind];
}
