// SPDX-License-Identifier: Apache-2.0
/*
 * tuning.ts - Sigma rules as the tenant wants them, and exceptions: what is expected here
 */
import { request } from "./http";
import type { Alert, Page, Severity } from "./types";

export const SIGMA_RULES = "/portal/api/rules";
export const EXCEPTIONS = "/portal/api/exceptions";
export const TERMS = `${EXCEPTIONS}/terms`;
export const EXCEPTION_DAYS = [7, 30, 90, 180, 365] as const;

export interface SigmaRule {
	id: string;
	title: string;
	description: string | null;
	severity: Severity;
	/** Its own; what its alerts have may be lowered. */
	ruleSeverity: Severity;
	mitreTechniques: string[];
	custom: boolean;
	state: "running" | "switchedOff" | "noDataSource" | "error";
	stateReason: string | null;
	matches: number;
	lastMatchTime: string | null;
	/** Matches that made no alert. */
	silenced: number;
	lastSilencedTime: string | null;
	changedBy: string | null;
	changedTime: string | null;
}

export interface RefusedRule {
	title: string | null;
	file: string;
	line: number;
	state: "error";
	stateReason: string;
}

export interface SigmaRules {
	since: string;
	total: number;
	refused: number;
	refusedRules: RefusedRule[];
	value: SigmaRule[];
}

export interface Condition {
	field: string;
	operator: string;
	value: string;
}

export interface Terms {
	fields: { name: string; of: "process" | "device"; description: string }[];
	operators: string[];
	daysDefault: number;
}

export interface RuleException {
	id: string;
	ruleId: string | null;
	ruleTitle: string | null;
	conditions: Condition[];
	reason: string;
	createdBy: string;
	createdTime: string;
	expirationTime: string;
	matches: number;
	lastMatchTime: string | null;
}
export type RuleExceptions = Page<RuleException>;

export interface Preview {
	days: number;
	lookedAt: number;
	limited: boolean;
	alertCount: number;
	partlyCount: number;
	eventCount: number;
	alerts: {
		id: string;
		title: string;
		severity: Severity;
		machineId: string;
		computerDnsName: string | null;
		firstEventTime: string;
		eventCount: number;
		wholly: boolean;
	}[];
}

/** What would be silenced; without a rule, whichever matches. */
export interface Scope {
	ruleId?: string;
	conditions: Condition[];
}

export const changeRule = (id: string, change: { enabled?: boolean; severity?: string | null }) =>
	request<SigmaRule>("PATCH", `${SIGMA_RULES}/${encodeURIComponent(id)}`, { body: change });
export const previewException = (scope: Scope, signal: AbortSignal) =>
	request<Preview>("POST", `${EXCEPTIONS}/preview`, { body: scope, signal });
export const makeException = (body: Scope & { reason: string; days: number }) =>
	request<RuleException>("POST", EXCEPTIONS, { body });
export const removeException = (id: string) =>
	request<void>("DELETE", `${EXCEPTIONS}/${encodeURIComponent(id)}`);

/** What an alert says of its process, by the fields of exceptions. */
export function factsOf(alert: Alert, tags: readonly string[]): Record<string, string> {
	const process = alert.evidence?.find((e) => e.entityType === "Process");
	const folder = process?.filePath ?? "";
	return {
		fileName: process?.fileName ?? "",
		folderPath: folder && `${folder.replace(/\/$/, "")}/${process?.fileName ?? ""}`,
		processCommandLine: process?.processCommandLine ?? "",
		parentProcessFileName: process?.parentProcessFileName ?? "",
		accountName: process?.accountName ?? "",
		machineId: alert.machineId,
		machineTag: tags[0] ?? "",
	};
}
