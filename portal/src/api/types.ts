// SPDX-License-Identifier: Apache-2.0
/*
 * types.ts - what the server answers, as the portal uses it
 *
 * Columns of events are not here: they come from schema/ through schema.gen.ts.
 */
import type * as schema from "@/../generated/schema.gen";

export const SEVERITIES = ["High", "Medium", "Low", "Informational"] as const;
export type Severity = (typeof SEVERITIES)[number] | "UnSpecified";

export const ALERT_STATUSES = ["New", "InProgress", "Resolved"] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number] | "Unknown";

export const INCIDENT_STATUSES = ["Active", "InProgress", "Resolved"] as const;
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

/** Which determinations fit a classification. */
export const DETERMINATIONS = {
	TruePositive: [
		"MultiStagedAttack", "MaliciousUserActivity", "CompromisedUser", "Malware", "Phishing",
		"UnwantedSoftware", "Other",
	],
	InformationalExpectedActivity: [
		"SecurityTesting", "LineOfBusinessApplication", "ConfirmedActivity", "Other",
	],
	FalsePositive: ["NotMalicious", "InsufficientData", "Other"],
} as const;
export type Classification = keyof typeof DETERMINATIONS;

export interface Page<T> {
	value: T[];
	"@odata.count"?: number;
	"@odata.nextLink"?: string;
}

export interface Comment {
	comment: string;
	createdBy: string;
	createdTime: string;
}

export interface Evidence {
	entityType: string;
	evidenceCreationTime?: string | null;
	sha1?: string | null;
	sha256?: string | null;
	fileName?: string | null;
	filePath?: string | null;
	processId?: number | null;
	processCommandLine?: string | null;
	processCreationTime?: string | null;
	parentProcessId?: number | null;
	parentProcessFileName?: string | null;
	ipAddress?: string | null;
	url?: string | null;
	accountName?: string | null;
	domainName?: string | null;
	userSid?: string | null;
}

export interface Alert {
	id: string;
	incidentId: number | null;
	title: string;
	description: string;
	severity: Severity;
	status: AlertStatus;
	category: string | null;
	classification: string | null;
	determination: string | null;
	assignedTo: string | null;
	detectionSource: string | null;
	detectorId?: string | null;
	mitreTechniques: string[];
	machineId: string;
	computerDnsName: string | null;
	relatedUser?: { userName: string; domainName: string } | null;
	alertCreationTime: string;
	firstEventTime: string;
	lastEventTime: string;
	lastUpdateTime: string;
	resolvedTime: string | null;
	comments?: Comment[];
	evidence?: Evidence[];
	/** Matches that joined this alert. */
	eventCount?: number;
	story?: { steps?: StoryStep[] } | null;
}

export interface AlertChange {
	status?: string;
	assignedTo?: string;
	classification?: string;
	determination?: string;
	comment?: string;
}

export interface Incident {
	incidentId: number;
	incidentName: string;
	severity: Severity;
	status: IncidentStatus;
	assignedTo: string | null;
	classification?: string | null;
	determination?: string | null;
	tags?: string[];
	comments?: Comment[];
	createdTime: string;
	lastUpdateTime: string;
	alerts: Alert[];
}

export interface IpAddress {
	ipAddress: string;
	macAddress?: string | null;
	operationalStatus?: string | null;
	type?: string | null;
}

export interface Machine {
	id: string;
	computerDnsName: string;
	firstSeen: string;
	lastSeen: string;
	osPlatform: string;
	osDistribution?: string;
	osProcessor: string;
	osArchitecture: string;
	version: string;
	osBuild: string | number | null;
	lastIpAddress: string;
	lastExternalIpAddress: string;
	deviceValue: string;
	machineTags: string[];
	ipAddresses: IpAddress[];
	agentVersion: string;
	onboardingStatus: string;
	healthStatus: string;
	riskScore: string;
	exposureLevel: string;
}

export interface User {
	id: string;
	name: string;
	roles: string[];
	language: string;
}

export interface Session {
	user: User;
	csrfToken: string;
	tenantId: string;
	mustChangePassword?: boolean;
	permissions?: string[];
}

export const EVENT_KINDS = ["process", "file", "network", "logon", "device", "gap"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Every column that a table of events may have. */
export type Columns = Partial<
	Omit<schema.DeviceProcessEvents, never> &
		Omit<schema.DeviceFileEvents, never> &
		Omit<schema.DeviceNetworkEvents, never> &
		Omit<schema.DeviceLogonEvents, never> &
		Omit<schema.DeviceEvents, never> &
		Omit<schema.SensorGaps, never>
>;

export interface TimelineEvent {
	time: string;
	receivedTime?: string | null;
	kind: EventKind;
	actionType: string;
	reportId: string;
	columns: Columns & Record<string, unknown>;
	process?: {
		uniqueId?: string | null;
		fileName?: string | null;
		commandLine?: string | null;
	} | null;
}

export interface TimelinePage {
	events: TimelineEvent[];
	nextCursor: string | null;
}

export interface HistogramBucket {
	time: string;
	count: number;
	gap: boolean;
}

export interface Histogram {
	from: string;
	to: string;
	bucketSeconds: number;
	total: number;
	buckets: HistogramBucket[];
}

export interface Gap {
	from: string;
	to: string;
	reason: string;
	kind: string;
	lost: number | string | null;
}

export interface ProcessNode {
	uniqueId: string;
	parentUniqueId: string | null;
	processId: number | string;
	fileName: string;
	folderPath: string;
	commandLine: string;
	accountName: string;
	sha256: string;
	startTime: string | null;
	endTime: string | null;
	childCount: number;
	alertIds: string[];
}

export interface ProcessTree {
	focus: string | null;
	nodes: ProcessNode[];
}

/** A step on the way to an alert; the top of the process tree first. */
export interface StoryStep {
	time: string | null;
	table: string | null;
	actionType: string | null;
	matched: boolean;
	file: string | null;
	remote: string | null;
	process: {
		uniqueId: string;
		processId?: number | string;
		fileName?: string;
		filePath?: string;
		commandLine?: string;
		accountName?: string;
	} | null;
}

export interface MachineHealth {
	healthStatus: string;
	lastSeen: string;
	report: Record<string, unknown> | null;
	[name: string]: unknown;
}

export interface OnboardingInfo {
	address: string;
	caFingerprint: string;
	command: string;
}

export interface EnrolmentToken {
	id: string;
	description: string;
	createdBy: string;
	createdTime: string;
	expiresTime: string;
	usesMax: number;
	uses: number;
	revokedTime: string | null;
}

export interface NewToken {
	id: string;
	file: Record<string, unknown>;
	command: string;
}

export interface ApiClient {
	id: string;
	name: string;
	permissions: string[];
	createdBy: string;
	createdTime: string;
	expiresTime?: string | null;
	revokedTime?: string | null;
}

export interface NewApiClient extends ApiClient {
	secret: string;
}

export interface Person {
	id: string;
	name: string;
	roles: string[];
	language?: string;
	createdTime?: string;
	disabled?: boolean;
	mustChangePassword?: boolean;
}

export interface AuditEntry {
	sequence: number;
	time: string;
	actor: string;
	address: string;
	operation: string;
	target: string;
	outcome: string;
}

export interface Summary {
	alertsBySeverity: Record<string, number>;
	machinesByHealth: Record<string, number>;
	[name: string]: unknown;
}
