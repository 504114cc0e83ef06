// SPDX-License-Identifier: Apache-2.0
/*
 * alerts.ts - questions about alerts and incidents, and changes to them
 */
import { literal, request, withQuery } from "./http";
import type { Alert, AlertChange, Incident } from "./types";

export const PAGE_SIZE = 50;

export interface AlertQuery {
	severities?: readonly string[];
	statuses?: readonly string[];
	device?: string;
	machineId?: string;
	text?: string;
	orderBy?: string;
	descending?: boolean;
	page?: number;
}

function oneOf(property: string, values: readonly string[] | undefined) {
	return values?.length ? `${property} in (${values.map(literal).join(",")})` : "";
}

function contains(properties: string[], text: string | undefined) {
	if (!text) return "";
	return `(${properties.map((p) => `contains(${p},${literal(text)})`).join(" or ")})`;
}

function listPath(path: string, filters: string[], query: AlertQuery, fallback: string) {
	const order = query.orderBy ?? fallback;
	return withQuery(path, {
		$filter: filters.filter(Boolean).join(" and "),
		$orderby: `${order} ${query.descending ?? true ? "desc" : "asc"}`,
		$top: PAGE_SIZE,
		$skip: (query.page ?? 0) * PAGE_SIZE || null,
		$count: "true",
	});
}

export function alertsPath(query: AlertQuery) {
	return listPath("/api/alerts", [
		oneOf("severity", query.severities),
		oneOf("status", query.statuses),
		query.machineId ? `machineId eq ${literal(query.machineId)}` : "",
		contains(["computerDnsName"], query.device),
		contains(["title", "id"], query.text),
	], query, "lastEventTime");
}

export function incidentsPath(query: AlertQuery) {
	return listPath("/api/incidents", [
		oneOf("severity", query.severities),
		oneOf("status", query.statuses),
		contains(["incidentName"], query.text),
	], query, "lastUpdateTime");
}

export function changeAlert(id: string, change: AlertChange) {
	return request<Alert>("PATCH", `/api/alerts/${encodeURIComponent(id)}`, { body: change });
}

export function changeAlerts(alertIds: string[], change: AlertChange) {
	return request<void>("POST", "/api/alerts/batchUpdate", { body: { alertIds, ...change } });
}

export function changeIncident(id: number | string, change: AlertChange) {
	return request<Incident>("PATCH", `/api/incidents/${id}`, { body: change });
}
