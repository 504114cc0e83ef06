// SPDX-License-Identifier: Apache-2.0
/*
 * triage.tsx - what people decide about an alert or an incident: status, whose, what it was
 *
 * The determinations offered are those that fit the classification. Nothing is sent before "save";
 * only what was changed is sent.
 */
import { Button, Field, Input, Select, Textarea } from "@fluentui/react-components";
import { useEffect, useState } from "react";

import { DETERMINATIONS, type AlertChange, type Classification, type Comment } from "@/api/types";
import { ErrorBar } from "@/parts/states";
import { Time } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import css from "./triage.module.css";

interface Decided {
	status: string;
	assignedTo: string | null;
	classification?: string | null | undefined;
	determination?: string | null | undefined;
}

interface Draft {
	status: string;
	assignedTo: string;
	classification: string;
	determination: string;
	comment: string;
}

function draftOf(item: Decided): Draft {
	return {
		status: item.status,
		assignedTo: item.assignedTo ?? "",
		classification: item.classification ?? "",
		determination: item.determination ?? "",
		comment: "",
	};
}

function changesOf(before: Draft, now: Draft): AlertChange {
	const change: AlertChange = {};
	for (const name of Object.keys(now) as (keyof Draft)[]) {
		const value = now[name].trim();
		if (value !== before[name]) change[name] = value;
	}
	// A determination belongs to its classification: the server takes both together.
	if (change.determination && !change.classification && now.classification)
		change.classification = now.classification;
	return change;
}

export function Triage({ item, statuses, permission, save }: {
	item: Decided;
	statuses: readonly string[];
	/** Who may change it. */
	permission: "ALERT_WRITE" | "INCIDENT_WRITE";
	save(change: AlertChange): Promise<void>;
}) {
	const { t, named } = useTexts();
	const { session, may } = useSession();
	const [draft, setDraft] = useState(() => draftOf(item));
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const [saved, setSaved] = useState(false);
	const before = draftOf(item);
	const key = JSON.stringify(before);
	// Somebody else's change comes in where nothing is being edited here.
	useEffect(() => setDraft((old) => ({ ...draftOf(item), comment: old.comment })), [key]); // eslint-disable-line react-hooks/exhaustive-deps

	const change = changesOf(before, draft);
	const dirty = Object.keys(change).length > 0;
	const edit = (part: Partial<Draft>) => {
		setSaved(false);
		setDraft((old) => ({ ...old, ...part }));
	};
	const allowed = may(permission);
	const own = session?.user.name ?? "";
	const fitting: readonly string[] = DETERMINATIONS[draft.classification as Classification] ?? [];

	const submit = async () => {
		setBusy(true);
		setError(null);
		try {
			await save(change);
			setDraft((old) => ({ ...old, comment: "" }));
			setSaved(true);
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	return (
		<form
			className={css["triage"]}
			onSubmit={(event) => {
				event.preventDefault();
				if (dirty && !busy) void submit();
			}}
		>
			<ErrorBar error={error} />
			<Field label={t("alert.status")}>
				<Select disabled={!allowed} value={draft.status} onChange={(_, d) => edit({ status: d.value })}>
					{statuses.map((s) => <option key={s} value={s}>{named("status", s)}</option>)}
				</Select>
			</Field>
			<Field label={t("alert.assignedTo")}>
				<Input
					disabled={!allowed} value={draft.assignedTo} placeholder={t("alert.unassigned")}
					onChange={(_, d) => edit({ assignedTo: d.value })}
					contentAfter={allowed && draft.assignedTo !== own ? (
						<Button appearance="transparent" size="small" onClick={() => edit({ assignedTo: own })}>
							{t("triage.me")}
						</Button>
					) : null}
				/>
			</Field>
			<Field label={t("alert.classification")}>
				<Select
					disabled={!allowed} value={draft.classification}
					onChange={(_, d) => edit({ classification: d.value, determination: "" })}
				>
					{!before.classification && <option value="">{t("triage.unset")}</option>}
					{Object.keys(DETERMINATIONS).map((c) => (
						<option key={c} value={c}>{named("classification", c)}</option>
					))}
				</Select>
			</Field>
			<Field label={t("alert.determination")}>
				<Select
					disabled={!allowed || fitting.length === 0} value={draft.determination}
					onChange={(_, d) => edit({ determination: d.value })}
				>
					{(!before.determination || !draft.determination) && <option value="">{t("triage.unset")}</option>}
					{fitting.map((d) => <option key={d} value={d}>{named("determination", d)}</option>)}
				</Select>
			</Field>
			<Field label={t("triage.comment")}>
				<Textarea
					disabled={!allowed} value={draft.comment} resize="vertical" maxLength={2000}
					onChange={(_, d) => edit({ comment: d.value })}
				/>
			</Field>
			{allowed && (
				<div className={css["save"]}>
					<Button type="submit" appearance="primary" disabledFocusable={!dirty || busy}>
						{t("action.save")}
					</Button>
					<span role="status" className={css["saved"]}>{saved ? t("triage.saved") : ""}</span>
				</div>
			)}
		</form>
	);
}

export function Comments({ comments }: { comments: Comment[] | undefined }) {
	const { t } = useTexts();
	if (!comments?.length) return <p className={`muted ${css["none"]}`}>{t("triage.noComments")}</p>;
	const sorted = [...comments].sort((a, b) => b.createdTime.localeCompare(a.createdTime));
	return (
		<ol className={css["comments"]}>
			{sorted.map((c, i) => (
				<li key={i}>
					<div><b>{c.createdBy}</b> <span className="muted"><Time value={c.createdTime} precision="minute" /></span></div>
					<p className="wrap">{c.comment}</p>
				</li>
			))}
		</ol>
	);
}
