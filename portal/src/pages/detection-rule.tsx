// SPDX-License-Identifier: Apache-2.0
/*
 * detection-rule.tsx - one custom detection rule: made, changed, switched, tried, and what it found
 */
import { Button, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { Delete20Regular, Pause20Regular, Play20Regular, Save20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import {
	alertsOfRule, draftOf, emptyDraft, removeRule, rulePath, runRule, runsPath, saveRule, switchRule, type DetectionRule,
	type Draft, type Run,
} from "@/api/detections";
import { useResource } from "@/api/resource";
import type { Alert, Page as Paged } from "@/api/types";
import css from "@/detections/detections.module.css";
import { DryRunPanel } from "@/detections/dry-run";
import { RuleForm, useCheck } from "@/detections/form";
import { RunState, StateTag } from "@/detections/state";
import { Confirm } from "@/parts/confirm";
import { alertColumns } from "@/parts/lists";
import { Facts, Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Age, Time } from "@/parts/time";
import { navigate, usePlace } from "@/router";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

const LIST = "/detection-rules";

function runColumns({ t, number }: Texts): Column<Run>[] {
	const count = (value: number) => <span className="number">{number(value)}</span>;
	return [
		{ id: "start", name: t("detections.runStart"), width: "172px", render: (r) => <Time value={r.startTime} /> },
		{ id: "status", name: t("alert.status"), width: "150px", render: (r) => <RunState status={r.status} /> },
		{ id: "results", name: t("detections.results"), width: "96px", align: "end", render: (r) => count(r.results) },
		{ id: "alerts", name: t("detections.newAlerts"), width: "110px", align: "end", render: (r) => count(r.alerts) },
		{
			id: "reason", name: t("detections.reason"), extra: "medium",
			render: (r) => <span title={r.failureReason ?? ""}>{r.failureReason ?? ""}</span>,
		},
	];
}

function Runs({ rule }: { rule: DetectionRule }) {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, reload } = useResource<{ value: Run[] }>(runsPath(rule.id), 15);
	const rows = data?.value.slice(0, 20) ?? [];
	return (
		<Section title={t("detections.runs")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && !error && <Lines rows={3} />}
			{data && rows.length === 0 && <Empty title={t("detections.noRuns")} />}
			{rows.length > 0 && (
				<Table
					label={t("detections.runs")} columns={runColumns(texts)} rows={rows}
					idOf={(r) => r.startTime} nameOf={(r) => r.startTime}
				/>
			)}
		</Section>
	);
}

/** The rule says these for all of its alerts. */
const SAME_FOR_ALL = ["severity", "category", "assigned"];

function RuleAlerts({ rule }: { rule: DetectionRule }) {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, reload } = useResource<Paged<Alert>>(alertsOfRule(rule), 15);
	const rows = data?.value ?? [];
	return (
		<Section title={t("detections.itsAlerts")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && !error && <Lines rows={3} />}
			{data && rows.length === 0 && <Empty title={t("detections.noAlerts")} />}
			{rows.length > 0 && (
				<Table
					label={t("detections.itsAlerts")} rows={rows}
					columns={alertColumns(texts).filter((c) => !SAME_FOR_ALL.includes(c.id))}
					idOf={(a) => a.id} nameOf={(a) => a.title} linkOf={(a) => `/alerts/${a.id}`}
				/>
			)}
			{data && (data["@odata.count"] ?? 0) > rows.length && (
				<p className={`${css["hint"]} ${css["more"]}`}>{t("list.count", { n: data["@odata.count"] ?? 0 })}</p>
			)}
		</Section>
	);
}

function Failing({ rule }: { rule: DetectionRule }) {
	const { t } = useTexts();
	const { status, failureReason, lastRunDateTime } = rule.lastRunDetails;
	if (!rule.isEnabled || !status || status === "completed") return null;
	return (
		<MessageBar intent={status === "failed" ? "error" : "warning"} className={css["bar"]}>
			<MessageBarBody>
				<MessageBarTitle>{t(status === "failed" ? "detections.failed" : "detections.partly")}</MessageBarTitle>
				{failureReason} · <Age value={lastRunDateTime} />
			</MessageBarBody>
		</MessageBar>
	);
}

function State({ rule }: { rule: DetectionRule }) {
	const { t, named, number } = useTexts();
	return (
		<Section title={t("alert.facts")}>
			<Facts facts={[
				{ name: t("detections.period"), value: named("period", rule.schedule.period) },
				{ name: t("detections.lastRun"), value: <Time value={rule.lastRunDetails.lastRunDateTime} /> },
				{ name: t("detections.nextRun"), value: <Time value={rule.schedule.nextRunDateTime} /> },
				{ name: t("detections.results"), value: number(rule.lastRunResults) },
				{ name: t("detections.alerts"), value: number(rule.alertCount) },
				rule.consecutiveFailures > 0 && {
					name: t("detections.failures"), value: number(rule.consecutiveFailures),
				},
				{ name: t("detections.changed"), value: <>{rule.lastModifiedBy}, <Time value={rule.lastModifiedDateTime} precision="minute" /></> },
				{ name: t("detections.made"), value: <>{rule.createdBy}, <Time value={rule.createdDateTime} precision="minute" /></> },
			]} />
		</Section>
	);
}

/** What can be done to a rule that is there. */
function Actions({ rule, replace, fail }: {
	rule: DetectionRule;
	replace(rule: DetectionRule): void;
	fail(error: unknown): void;
}) {
	const { t } = useTexts();
	const [busy, setBusy] = useState(false);
	const doing = async (work: () => Promise<void>) => {
		setBusy(true);
		fail(null);
		await work().catch(fail);
		setBusy(false);
	};
	return (
		<>
			{rule.isEnabled && (
				<Button icon={<Play20Regular />} disabledFocusable={busy} onClick={() => void doing(() => runRule(rule.id))}>
					{t("detections.runNow")}
				</Button>
			)}
			<Button
				icon={rule.isEnabled ? <Pause20Regular /> : <Play20Regular />} disabledFocusable={busy}
				onClick={() => void doing(async () => replace(await switchRule(rule.id, !rule.isEnabled)))}
			>
				{t(rule.isEnabled ? "detections.switchOff" : "detections.switchOn")}
			</Button>
			<Confirm
				trigger={<Button appearance="subtle" icon={<Delete20Regular />}>{t("detections.remove")}</Button>}
				title={t("detections.removeTitle", { name: rule.displayName })} text={t("detections.removeMore")}
				action={t("detections.remove")}
				run={async () => {
					await removeRule(rule.id);
					navigate(LIST, true);
				}}
			/>
		</>
	);
}

function Editor({ rule, first, replace }: {
	rule: DetectionRule | null;
	first: Draft;
	replace(rule: DetectionRule): void;
}) {
	const { t } = useTexts();
	const { may } = useSession();
	const [draft, setDraft] = useState(first);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const [saved, setSaved] = useState(false);
	const allowed = may("DETECTION_WRITE");
	const check = useCheck(draft, allowed);
	const dirty = rule === null || JSON.stringify(draft) !== JSON.stringify(draftOf(rule));
	const complete = !!(draft.name.trim() && draft.query.trim() && draft.title.trim());
	const edit = (part: Partial<Draft>) => {
		setSaved(false);
		setDraft((old) => ({ ...old, ...part }));
	};
	const save = async () => {
		setBusy(true);
		setError(null);
		try {
			const made = await saveRule(rule?.id ?? null, draft);
			setDraft(draftOf(made));
			setSaved(true);
			replace(made);
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	return (
		<form
			className={css["stack"]}
			onSubmit={(event) => {
				event.preventDefault();
				if (complete && dirty && !busy) void save();
			}}
		>
			<RuleForm draft={draft} edit={edit} disabled={!allowed} check={check} />
			{allowed && <DryRunPanel draft={draft} ready={draft.query.trim() !== ""} />}
			<ErrorBar error={error} />
			{allowed && (
				<div className={css["save"]}>
					<Button
						type="submit" appearance="primary" icon={<Save20Regular />} disabledFocusable={!complete || !dirty || busy}
					>
						{t("action.save")}
					</Button>
					{rule === null && <Button onClick={() => navigate(LIST)}>{t("action.cancel")}</Button>}
					<span role="status" className={css["good"]}>{saved ? t("triage.saved") : ""}</span>
					{!complete && <span className={css["hint"]}>{t("detections.needed")}</span>}
				</div>
			)}
		</form>
	);
}

function NewRule() {
	const { t } = useTexts();
	const { query } = usePlace();
	return (
		<Page title={t("detections.new")} crumbs={[{ text: t("detections.title"), to: LIST }]}>
			<Editor
				rule={null} first={emptyDraft(query.get("query") ?? "")}
				replace={(made) => navigate(`${LIST}/${made.id}`, true)}
			/>
		</Page>
	);
}

function OneRule({ id }: { id: string }) {
	const { t, named } = useTexts();
	const { may } = useSession();
	const { data, error, loading, reload, replace } = useResource<DetectionRule>(rulePath(id), 10);
	const [failure, setFailure] = useState<unknown>(null);
	return (
		<Page
			title={data?.displayName ?? t("detections.one")}
			crumbs={[{ text: t("detections.title"), to: LIST }]}
			subtitle={data && (
				<>
					<StateTag rule={data} />
					<span>{named("period", data.schedule.period)}</span>
					<span>{t("detections.ownedBy", { name: data.owner })}</span>
				</>
			)}
			actions={data && may("DETECTION_WRITE") && <Actions rule={data} replace={replace} fail={setFailure} />}
		>
			<ErrorBar error={error} retry={reload} />
			<ErrorBar error={failure} />
			{!data && loading && <div className="card"><Lines rows={10} /></div>}
			{data && (
				<>
					<Failing rule={data} />
					<div className={css["columns"]}>
						<div className={css["stack"]}>
							<RuleAlerts rule={data} />
							<Editor key={data.lastModifiedDateTime} rule={data} first={draftOf(data)} replace={replace} />
							<Runs rule={data} />
						</div>
						<State rule={data} />
					</div>
				</>
			)}
		</Page>
	);
}

export default function DetectionRulePage({ id }: { id: string }) {
	return id === "new" ? <NewRule /> : <OneRule id={id} />;
}
