// SPDX-License-Identifier: Apache-2.0
/*
 * detections.ts - custom detection rules: as the server has them, and as a form holds them
 */
import type { Diagnostic } from "./hunting";
import { literal, request, withQuery } from "./http";

export const RULES = "/beta/security/rules/detectionRules";
const TRY = "/portal/api/detection-rules";

export const PERIODS = ["0", "1H", "3H", "12H", "24H"] as const;
export const RULE_SEVERITIES = ["informational", "low", "medium", "high"] as const;
export const CATEGORIES = [
	"CommandAndControl", "Collection", "CredentialAccess", "DefenseEvasion", "Discovery", "Execution",
	"Exfiltration", "Exploit", "General", "InitialAccess", "LateralMovement", "Malware", "Persistence",
	"PrivilegeEscalation", "Ransomware", "SuspiciousActivity",
] as const;
export const RELATED_KINDS = ["file", "process", "address"] as const;
export type RelatedKind = (typeof RELATED_KINDS)[number];

export interface DetectionRule {
	id: string;
	displayName: string;
	isEnabled: boolean;
	createdBy: string;
	createdDateTime: string;
	lastModifiedBy: string;
	lastModifiedDateTime: string;
	detectorId: string;
	queryCondition: { queryText: string };
	schedule: { period: string; nextRunDateTime: string | null };
	lastRunDetails: {
		lastRunDateTime: string | null;
		status: "completed" | "partiallyFailed" | "failed" | null;
		failureReason: string | null;
		errorCode: string | null;
	};
	detectionAction: {
		alertTemplate: {
			title: string;
			description: string;
			severity: string;
			category: string;
			recommendedActions: string | null;
			mitreTechniques: string[];
			impactedAssets: { "@odata.type": string; identifier: string }[];
			relatedEntities: { kind: RelatedKind; column: string }[];
		};
		suppressionMinutes: number;
	};
	owner: string;
	lastRunResults: number;
	lastRunAlerts: number;
	lastRunLeft: number;
	consecutiveFailures: number;
	alertCount: number;
}

/** Of one field of a rule; line and column are the query's. */
export interface Problem extends Diagnostic {
	field: string;
}

export interface Check {
	problems: Problem[];
	columns: string[];
}

export interface DryRun {
	days: number;
	results: number;
	limited: boolean;
	alertCount: number;
	alerts: {
		title: string;
		description: string;
		machineId: string;
		computerDnsName: string;
		firstEventTime: string;
		lastEventTime: string;
		eventCount: number;
	}[];
	columns: { name: string; type: string }[];
	rows: unknown[][];
}

export interface Run {
	startTime: string;
	durationMilliseconds: number;
	fromTime: string | null;
	status: "completed" | "partiallyFailed" | "failed";
	errorCode: string | null;
	failureReason: string | null;
	results: number;
	alerts: number;
	joined: number;
	left: number;
}

/** What a form holds; texts as they were typed. */
export interface Draft {
	name: string;
	query: string;
	period: string;
	suppression: string;
	title: string;
	description: string;
	recommended: string;
	severity: string;
	category: string;
	techniques: string;
	device: string;
	user: string;
	related: { kind: RelatedKind; column: string }[];
	owner: string;
	enabled: boolean;
}

const asset = (kind: string) => `#microsoft.graph.security.impacted${kind}Asset`;
/** The reference writes a column's name with a small first letter. */
const small = (column: string) => column.slice(0, 1).toLowerCase() + column.slice(1);
const capital = (identifier: string) => identifier.slice(0, 1).toUpperCase() + identifier.slice(1);

export function emptyDraft(query: string): Draft {
	return {
		name: "", query, period: "1H", suppression: "0", title: "", description: "", recommended: "",
		severity: "medium", category: "SuspiciousActivity", techniques: "", device: "", user: "", related: [],
		owner: "", enabled: true,
	};
}

export function draftOf(rule: DetectionRule): Draft {
	const { alertTemplate: alert, suppressionMinutes } = rule.detectionAction;
	const column = (kind: string) =>
		capital(alert.impactedAssets.find((a) => a["@odata.type"] === asset(kind))?.identifier ?? "");
	return {
		name: rule.displayName, query: rule.queryCondition.queryText, period: rule.schedule.period,
		suppression: String(suppressionMinutes), title: alert.title, description: alert.description,
		recommended: alert.recommendedActions ?? "", severity: alert.severity, category: alert.category,
		techniques: alert.mitreTechniques.join(", "), device: column("Device"), user: column("User"),
		related: alert.relatedEntities, owner: rule.owner, enabled: rule.isEnabled,
	};
}

function assets({ device, user }: Draft) {
	const list = [{ kind: "Device", column: device }, { kind: "User", column: user }];
	return list.filter((a) => a.column)
		.map((a) => ({ "@odata.type": asset(a.kind), identifier: small(a.column) }));
}

/** What the server wants; left out what is empty and need not be there. */
export function bodyOf(draft: Draft) {
	const text = (value: string) => value.trim() || undefined;
	return {
		displayName: text(draft.name),
		isEnabled: draft.enabled,
		owner: text(draft.owner),
		queryCondition: { queryText: draft.query },
		schedule: { period: draft.period },
		detectionAction: {
			alertTemplate: {
				title: text(draft.title),
				description: draft.description,
				severity: draft.severity,
				category: draft.category,
				recommendedActions: text(draft.recommended) ?? null,
				mitreTechniques: draft.techniques.split(/[\s,;]+/).filter(Boolean).map((id) => id.toUpperCase()),
				impactedAssets: assets(draft),
				relatedEntities: draft.related.filter((e) => e.column),
			},
			suppressionMinutes: Math.max(0, Math.round(Number(draft.suppression)) || 0),
		},
	};
}

const path = (id: string) => `${RULES}/${encodeURIComponent(id)}`;

export const rulePath = path;
export const runsPath = (id: string) => `${TRY}/${encodeURIComponent(id)}/runs`;
/** The rule that an alert came of; nothing where it was removed. */
export const ruleOfAlert = (detectorId: string) => withQuery(RULES, {
	$filter: `detectorId eq ${literal(detectorId)}`, $select: "id,displayName", $top: 1,
});
export const alertsOfRule = (rule: DetectionRule) => withQuery("/api/alerts", {
	$filter: `detectorId eq ${literal(rule.detectorId)}`, $orderby: "lastEventTime desc", $top: 10, $count: "true",
});

export function saveRule(id: string | null, draft: Draft) {
	const body = bodyOf(draft);
	return id === null
		? request<DetectionRule>("POST", RULES, { body })
		: request<DetectionRule>("PATCH", path(id), { body });
}

export const switchRule = (id: string, isEnabled: boolean) =>
	request<DetectionRule>("PATCH", path(id), { body: { isEnabled } });
export const removeRule = (id: string) => request<void>("DELETE", path(id));
export const runRule = (id: string) => request<void>("POST", `${TRY}/${encodeURIComponent(id)}/run`);
export const checkRule = (draft: Draft, signal: AbortSignal) =>
	request<Check>("POST", `${TRY}/check`, { body: bodyOf(draft), signal });
export const dryRun = (draft: Draft, signal: AbortSignal) =>
	request<DryRun>("POST", `${TRY}/dry-run`, { body: bodyOf(draft), signal });
