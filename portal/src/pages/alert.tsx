// SPDX-License-Identifier: Apache-2.0
/*
 * alert.tsx - one alert: what was seen, how it came about, what people decided
 */
import { Document20Regular, Globe20Regular, Person20Regular, WindowConsole20Regular } from "@fluentui/react-icons";
import { lazy, Suspense, useMemo, type ReactNode } from "react";

import { changeAlert } from "@/api/alerts";
import { ruleOfAlert, type DetectionRule } from "@/api/detections";
import { entityOfColumn } from "@/api/entities";
import { useResource } from "@/api/resource";
import { ALERT_STATUSES, type Alert, type Evidence, type Page as Paged, type ProcessTree, type StoryStep } from "@/api/types";
import { SeverityBadge, StatusText } from "@/parts/badges";
import { CopyButton } from "@/parts/copy";
import { EntityLink } from "@/parts/entity-link";
import { Facts, Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Story } from "@/parts/story";
import { Techniques } from "@/parts/techniques";
import { Time } from "@/parts/time";
import { Comments, Triage } from "@/parts/triage";
import { Link } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";
import { ExpectedHere } from "@/tuning/expected";

import css from "./alert.module.css";

const ProcessGraph = lazy(() =>
	import("@/tree/process-tree").then((m) => ({ default: m.ProcessGraph })));

const ICONS: Record<string, ReactNode> = {
	Process: <WindowConsole20Regular />,
	File: <Document20Regular />,
	Ip: <Globe20Regular />,
	User: <Person20Regular />,
};

function evidenceText(e: Evidence): { name: string; detail: string } {
	const path = [e.filePath, e.fileName].filter(Boolean).join("/").replace("//", "/");
	switch (e.entityType) {
	case "Process":
		return { name: `${e.fileName ?? "?"} (${e.processId ?? "?"})`, detail: e.processCommandLine ?? path };
	case "File":
		return { name: e.fileName ?? path, detail: path };
	case "Ip":
		return { name: e.ipAddress ?? "", detail: e.url ?? "" };
	case "User":
		return {
			name: [e.domainName, e.accountName].filter(Boolean).join("\\"), detail: e.userSid ?? "",
		};
	default:
		return { name: e.fileName ?? e.ipAddress ?? e.accountName ?? e.url ?? "", detail: path };
	}
}

/** A process is a file that runs; its page is the program's. */
function evidenceEntity(e: Evidence) {
	return entityOfColumn("SHA256", e.sha256) ?? entityOfColumn("SHA1", e.sha1) ?? entityOfColumn("RemoteIP", e.ipAddress)
		?? entityOfColumn("RemoteUrl", e.url) ?? (e.entityType === "User" ? entityOfColumn("AccountName", e.accountName) : null);
}

function EvidenceList({ evidence }: { evidence: Evidence[] }) {
	const { t, named } = useTexts();
	if (evidence.length === 0) return <p className="muted">{t("alert.noEvidence")}</p>;
	return (
		<ul className={css["evidence"]}>
			{evidence.map((e, i) => {
				const { name, detail } = evidenceText(e);
				return (
					<li key={i}>
						<span className={css["icon"]} title={named("entity", e.entityType)}>{ICONS[e.entityType]}</span>
						<div className="grow">
							<div className="clip">
								<span className="unseen">{named("entity", e.entityType)}: </span>
								<EntityLink entity={evidenceEntity(e)}><b title={name}>{name}</b></EntityLink>
							</div>
							{detail && <div className="mono clip muted" title={detail}>{detail}</div>}
							{e.sha256 && <div className="mono clip muted" title={e.sha256}>SHA-256 {e.sha256}</div>}
						</div>
						{e.sha256 && <CopyButton text={e.sha256} label={t("copy.hash")} />}
					</li>
				);
			})}
		</ul>
	);
}

function StorySection({ steps }: { steps: StoryStep[] }) {
	const { t } = useTexts();
	return (
		<Section title={t("alert.story")}>
			{steps.length === 0 ? <p className="muted">{t("alert.noStory")}</p> : <Story steps={steps} />}
		</Section>
	);
}

function TreeSection({ alert }: { alert: Alert }) {
	const { t } = useTexts();
	const { data, error, loading, reload } =
		useResource<ProcessTree>(`/portal/api/alerts/${encodeURIComponent(alert.id)}/tree`);
	const trees = useMemo(() => (data ? [data] : []), [data]);
	return (
		<Section title={t("tree.title")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && loading && <Lines rows={5} />}
			{data && data.nodes.length === 0 && <Empty title={t("tree.none")} />}
			{data && data.nodes.length > 0 && (
				<Suspense fallback={<Lines rows={5} />}>
					<ProcessGraph machineId={alert.machineId} trees={trees} />
				</Suspense>
			)}
		</Section>
	);
}

/** Of one's own rules; those that come with the product have no page. */
function useRule({ detectionSource, detectorId }: Alert) {
	const { may } = useSession();
	const own = may("DETECTION_READ") && detectionSource === "CustomDetection" && detectorId;
	const found = useResource<Paged<Pick<DetectionRule, "id" | "displayName">>>(own ? ruleOfAlert(own) : null).data;
	const rule = found?.value[0];
	/** A custom detection is narrowed in its query, a Sigma rule by exceptions. */
	return { rule, sigma: own ? !!found && !rule : !!detectorId };
}

function Actions({ alert, replace }: { alert: Alert; replace(alert: Alert): void }) {
	const { may } = useSession();
	const { sigma } = useRule(alert);
	return sigma && may("RULE_WRITE") && <ExpectedHere alert={alert} replace={replace} />;
}

function Body({ alert, replace }: { alert: Alert; replace(alert: Alert): void }) {
	const { t, named, number } = useTexts();
	const user = alert.relatedUser;
	const { rule } = useRule(alert);
	return (
		<div className={css["columns"]}>
			<div className={css["wide"]}>
				<Section title={t("alert.what")}>
					<p className={`wrap ${css["description"]}`}>{alert.description}</p>
					<Techniques ids={alert.mitreTechniques} />
				</Section>
				<TreeSection alert={alert} />
				<StorySection steps={alert.story?.steps ?? []} />
				<Section title={t("alert.evidence")}>
					<EvidenceList evidence={alert.evidence ?? []} />
				</Section>
			</div>
			<div className={css["side"]}>
				<Section title={t("alert.handling")}>
					<Triage
						item={alert} statuses={ALERT_STATUSES} permission="ALERT_WRITE"
						save={async (change) => replace({ ...alert, ...(await changeAlert(alert.id, change)) })}
					/>
				</Section>
				<Section title={t("alert.facts")}>
					<Facts facts={[
						!!alert.machineId && {
							name: t("alert.device"),
							value: <Link to={`/devices/${alert.machineId}`}>{alert.computerDnsName ?? alert.machineId}</Link>,
						},
						!!alert.incidentId && {
							name: t("alert.incident"),
							value: <Link to={`/incidents/${alert.incidentId}`}>{t("incident.number", { id: String(alert.incidentId) })}</Link>,
						},
						!!user?.userName && {
							name: t("alert.user"),
							value: (
								<EntityLink entity={{ kind: "user", value: user.userName }}>
									{[user.domainName, user.userName].filter(Boolean).join("\\")}
								</EntityLink>
							),
						},
						{ name: t("alert.category"), value: named("category", alert.category) },
						!!alert.eventCount && { name: t("alert.matches"), value: number(alert.eventCount) },
						{ name: t("alert.firstEvent"), value: <Time value={alert.firstEventTime} /> },
						{ name: t("alert.lastEvent"), value: <Time value={alert.lastEventTime} /> },
						{ name: t("alert.created"), value: <Time value={alert.alertCreationTime} /> },
						!!alert.resolvedTime && { name: t("alert.resolved"), value: <Time value={alert.resolvedTime} /> },
						{ name: t("alert.source"), value: named("source", alert.detectionSource) },
						!!rule && {
							name: t("detections.one"), value: <Link to={`/detection-rules/${rule.id}`}>{rule.displayName}</Link>,
						},
						{ name: t("alert.id"), value: <span className="mono">{alert.id}</span> },
					]} />
				</Section>
				<Section title={t("triage.comments")}><Comments comments={alert.comments} /></Section>
			</div>
		</div>
	);
}

export default function AlertPage({ id }: { id: string }) {
	const { t } = useTexts();
	const { data, error, loading, reload, replace } =
		useResource<Alert>(`/api/alerts/${encodeURIComponent(id)}`);
	return (
		<Page
			title={data?.title ?? t("alert.one")}
			crumbs={[{ text: t("alerts.title"), to: "/alerts" }]}
			actions={data && <Actions alert={data} replace={replace} />}
			subtitle={data && (
				<>
					<SeverityBadge value={data.severity} />
					<StatusText value={data.status} />
					{data.machineId && (
						<Link to={`/devices/${data.machineId}`}>{data.computerDnsName ?? data.machineId}</Link>
					)}
					<Time value={data.lastEventTime} />
				</>
			)}
		>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <div className="card"><Lines rows={10} /></div>}
			{data && <Body alert={data} replace={replace} />}
		</Page>
	);
}
