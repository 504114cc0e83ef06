// SPDX-License-Identifier: Apache-2.0
/*
 * describe.ts - what a row of the timeline says of an event, from its columns
 */
import type { TimelineEvent } from "@/api/types";
import type { Texts } from "@/text/text";

export interface Description {
	action: string;
	subject: string;
	detail: string;
	actor: string;
	user: string;
}

const text = (value: unknown) =>
	value === null || value === undefined || value === "" ? "" : String(value);

function address(ip: unknown, port: unknown) {
	const host = text(ip);
	const number = text(port);
	if (!host || !number) return host || number;
	return host.includes(":") ? `[${host}]:${number}` : `${host}:${number}`;
}

function processSubject({ columns: c, actionType }: TimelineEvent, { t }: Texts) {
	const subject = text(c.FileName) || text(c.FolderPath);
	if (actionType !== "ProcessTerminated") return { subject, detail: text(c.ProcessCommandLine) };
	if (c.ExitSignal !== undefined && c.ExitSignal !== null)
		return { subject, detail: t("event.signal", { signal: text(c.ExitSignal) }) };
	const code = text(c.ExitCode);
	return { subject, detail: code ? t("event.exit", { code }) : "" };
}

function fileSubject({ columns: c, actionType }: TimelineEvent) {
	const subject = text(c.FileName);
	const path = text(c.FolderPath);
	if (actionType !== "FileRenamed" || !c.PreviousFileName) return { subject, detail: path };
	const folder = text(c.PreviousFolderPath);
	return { subject, detail: `${folder ? `${folder}/` : ""}${text(c.PreviousFileName)} → ${path}` };
}

function networkSubject({ columns: c, actionType }: TimelineEvent, { t }: Texts) {
	const protocol = text(c.Protocol);
	if (actionType === "ListeningConnectionCreated")
		return { subject: address(c.LocalIP, c.LocalPort), detail: protocol };
	const local = address(c.LocalIP, c.LocalPort);
	const parts = [text(c.RemoteUrl), protocol, local && t("event.local", { address: local })];
	return {
		subject: address(c.RemoteIP, c.RemotePort), detail: parts.filter(Boolean).join(" · "),
	};
}

function logonSubject({ columns: c }: TimelineEvent) {
	const from = text(c.RemoteIP) || text(c.RemoteDeviceName);
	return {
		subject: text(c.AccountName),
		detail: [from, c.Protocol, c.Terminal].map(text).filter(Boolean).join(" · "),
	};
}

/** What was done to the system; the other process where there is one. */
function deviceSubject({ columns: c, actionType }: TimelineEvent) {
	const pid = text(c.ProcessId);
	if (c.DnsQueryString) {
		const answer = [c.DnsQueryType, c.DnsResponseCode, c.DnsQueryResult].map(text);
		answer.push(address(c.RemoteIP, c.RemotePort));
		return { subject: text(c.DnsQueryString), detail: answer.filter(Boolean).join(" · ") };
	}
	if (c.GroupName || c.AccountChanges || /^(User|Security)/.test(actionType))
		return {
			subject: text(c.AccountName) || text(c.GroupName),
			detail: [c.AccountName ? c.GroupName : "", c.AccountChanges].map(text).filter(Boolean).join(" · "),
		};
	const subject = [text(c.FileName) || text(c.ModuleName) || text(c.BpfProgramName), pid && `(${pid})`];
	const parts = [
		c.TraceRequest, c.AccessWay, c.Signal, c.BpfProgramType, c.NamespaceCall, c.Namespaces,
		c.MountSource, c.MountFileSystem, c.MountFlags, c.MemoryFileFlags,
	].map(text);
	parts.push(pid ? text(c.ProcessCommandLine) : text(c.FolderPath));
	return { subject: subject.filter(Boolean).join(" "), detail: parts.filter(Boolean).join(" · ") };
}

function subjectOf(event: TimelineEvent, texts: Texts) {
	switch (event.kind) {
	case "process":
		return processSubject(event, texts);
	case "file":
		return fileSubject(event);
	case "network":
		return networkSubject(event, texts);
	case "logon":
		return logonSubject(event);
	case "device":
		return deviceSubject(event);
	default:
		return { subject: "", detail: "" };
	}
}

export function describe(event: TimelineEvent, texts: Texts): Description {
	const { columns: c } = event;
	const name = text(c.InitiatingProcessFileName);
	const pid = text(c.InitiatingProcessId);
	return {
		action: texts.named("action", event.actionType),
		...subjectOf(event, texts),
		actor: name && pid ? `${name} (${pid})` : name || pid,
		user: text(event.kind === "process" ? (c.AccountName ?? c.InitiatingProcessAccountName)
			: c.InitiatingProcessAccountName),
	};
}

export interface GapDescription {
	until: string | null;
	kind: string;
	lost: number | null;
	reason: string;
}

export function describeGap({ columns: c }: TimelineEvent): GapDescription {
	const lost = c.LostEvents === undefined || c.LostEvents === null ? null : Number(c.LostEvents);
	return { until: c.EndTime ?? null, kind: text(c.LostKind), lost, reason: text(c.Reason) };
}
