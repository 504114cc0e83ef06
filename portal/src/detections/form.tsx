// SPDX-License-Identifier: Apache-2.0
/*
 * form.tsx - a rule while it is written: checked by the server as one types, errors at their place
 */
import { Button, Combobox, Field, Input, Option, Select, Switch, Textarea } from "@fluentui/react-components";
import { Add20Regular, Delete20Regular } from "@fluentui/react-icons";
import { useEffect, useMemo, useState, type ReactNode } from "react";

import {
	CATEGORIES, checkRule, PERIODS, RELATED_KINDS, RULE_SEVERITIES, type Check, type Draft, type Problem, type RelatedKind,
} from "@/api/detections";
import { Section } from "@/parts/page";
import { useTexts } from "@/text/text";

import css from "./detections.module.css";
import { ProblemText, QueryField } from "./query-field";

const CHECK_MS = 400;
const QUERY = "queryCondition.queryText";
const ALERT = "detectionAction.alertTemplate.";

export interface DraftCheck extends Check {
	/** Whether it is of the draft as it stands. */
	checked: boolean;
	/** The query that it is of. */
	query: string;
}

/** What the server says of the draft; of an older one while it is asked anew. */
export function useCheck(draft: Draft, enabled: boolean): DraftCheck {
	const [state, setState] = useState<{ of: string; query: string; check: Check }>({
		of: "", query: "", check: { problems: [], columns: [] },
	});
	const key = JSON.stringify(draft);
	useEffect(() => {
		if (!enabled || !draft.query.trim()) return;
		const controller = new AbortController();
		const timer = setTimeout(() => {
			checkRule(draft, controller.signal).then(
				(check) => setState((old) => ({
					of: key,
					query: draft.query,
					// While the query is half written its columns are those of before.
					check: check.columns.length ? check : { ...check, columns: old.check.columns },
				})),
				() => undefined,
			);
		}, CHECK_MS);
		return () => {
			clearTimeout(timer);
			controller.abort();
		};
	}, [key, enabled]); // eslint-disable-line react-hooks/exhaustive-deps
	return { ...state.check, checked: state.of === key, query: state.query };
}

function ColumnField({ label, value, columns, problems, disabled, onChange }: {
	label: string;
	value: string;
	columns: string[];
	problems: Problem[];
	disabled: boolean;
	onChange(value: string): void;
}) {
	const { t } = useTexts();
	const fitting = columns.filter((c) => c.toLowerCase().includes(value.toLowerCase()));
	const shown = columns.includes(value) ? columns : fitting;
	return (
		<Field label={label} {...messageOf(problems)}>
			<Combobox
				freeform disabled={disabled} value={value} selectedOptions={value ? [value] : []}
				placeholder={t("detections.noColumn")}
				onOptionSelect={(_, d) => onChange(d.optionValue ?? "")}
				onChange={(event) => onChange(event.target.value.trim())}
			>
				{shown.map((c) => <Option key={c} value={c}>{c}</Option>)}
			</Combobox>
		</Field>
	);
}

function messageOf(problems: Problem[]) {
	if (problems.length === 0) return {};
	const message: ReactNode = problems.map((p, i) => <div key={i}><ProblemText problem={p} /></div>);
	return { validationState: "error" as const, validationMessage: message };
}

interface PartProps {
	draft: Draft;
	edit(part: Partial<Draft>): void;
	disabled: boolean;
	problemsOf(field: string): Problem[];
	columns: string[];
}

function WhenPart({ draft, edit, disabled }: PartProps) {
	const { t, named } = useTexts();
	return (
		<div className={css["row"]}>
			<Field label={t("detections.period")} hint={named("period.more", draft.period)}>
				<Select disabled={disabled} value={draft.period} onChange={(_, d) => edit({ period: d.value })}>
					{PERIODS.map((p) => <option key={p} value={p}>{named("period", p)}</option>)}
				</Select>
			</Field>
			<Field label={t("detections.suppression")} hint={t("detections.suppressionMore")}>
				<Input
					type="number" min={0} max={43200} disabled={disabled} value={draft.suppression}
					onChange={(_, d) => edit({ suppression: d.value })}
				/>
			</Field>
		</div>
	);
}

function AlertPart({ draft, edit, disabled, problemsOf }: PartProps) {
	const { t, named } = useTexts();
	return (
		<Section title={t("detections.alert")}>
			<div className={css["fields"]}>
				<p className={css["hint"]}>{t("detections.fill", { example: "{{FileName}}" })}</p>
				<Field label={t("detections.alertTitle")} required {...messageOf(problemsOf(`${ALERT}title`))}>
					<Input disabled={disabled} value={draft.title} maxLength={256} onChange={(_, d) => edit({ title: d.value })} />
				</Field>
				<Field label={t("detections.description")} {...messageOf(problemsOf(`${ALERT}description`))}>
					<Textarea
						disabled={disabled} resize="vertical" value={draft.description} maxLength={4000}
						onChange={(_, d) => edit({ description: d.value })}
					/>
				</Field>
				<Field label={t("detections.recommended")}>
					<Textarea
						disabled={disabled} resize="vertical" value={draft.recommended} maxLength={4000}
						onChange={(_, d) => edit({ recommended: d.value })}
					/>
				</Field>
				<div className={css["row"]}>
					<Field label={t("alert.severity")}>
						<Select disabled={disabled} value={draft.severity} onChange={(_, d) => edit({ severity: d.value })}>
							{RULE_SEVERITIES.map((s) => (
								<option key={s} value={s}>{named("severity", s.slice(0, 1).toUpperCase() + s.slice(1))}</option>
							))}
						</Select>
					</Field>
					<Field label={t("alert.category")}>
						<Select disabled={disabled} value={draft.category} onChange={(_, d) => edit({ category: d.value })}>
							{CATEGORIES.map((c) => <option key={c} value={c}>{named("category", c)}</option>)}
						</Select>
					</Field>
				</div>
				<Field label={t("alert.techniques")} hint={t("detections.techniquesMore")}>
					<Input disabled={disabled} value={draft.techniques} onChange={(_, d) => edit({ techniques: d.value })} />
				</Field>
			</div>
		</Section>
	);
}

function EntityPart({ draft, edit, disabled, problemsOf, columns }: PartProps) {
	const { t, named } = useTexts();
	const assets = problemsOf(`${ALERT}impactedAssets`);
	const related = problemsOf(`${ALERT}relatedEntities`);
	const change = (at: number, part: Partial<Draft["related"][number]>) =>
		edit({ related: draft.related.map((e, i) => (i === at ? { ...e, ...part } : e)) });
	return (
		<Section title={t("detections.entities")}>
			<div className={css["fields"]}>
				<p className={css["hint"]}>{t("detections.entitiesMore")}</p>
				<div className={css["row"]}>
					<ColumnField
						label={t("detections.device")} value={draft.device} columns={columns} disabled={disabled}
						problems={assets} onChange={(device) => edit({ device })}
					/>
					<ColumnField
						label={t("detections.user")} value={draft.user} columns={columns} disabled={disabled}
						problems={[]} onChange={(user) => edit({ user })}
					/>
				</div>
				{draft.related.map((entity, i) => (
					<div key={i} className={css["entity"]}>
						<Field label={t("detections.kind")}>
							<Select
								disabled={disabled} value={entity.kind}
								onChange={(_, d) => change(i, { kind: d.value as RelatedKind })}
							>
								{RELATED_KINDS.map((k) => <option key={k} value={k}>{named("related", k)}</option>)}
							</Select>
						</Field>
						<ColumnField
							label={t("detections.column")} value={entity.column} columns={columns} disabled={disabled}
							problems={i === 0 ? related : []} onChange={(column) => change(i, { column })}
						/>
						{!disabled && (
							<Button
								appearance="subtle" icon={<Delete20Regular />} className={css["drop"] ?? ""}
								aria-label={t("detections.dropEntity", { name: entity.column || named("related", entity.kind) })}
								onClick={() => edit({ related: draft.related.filter((_, k) => k !== i) })}
							/>
						)}
					</div>
				))}
				{!disabled && draft.related.length < 7 && (
					<div>
						<Button
							size="small" icon={<Add20Regular />}
							onClick={() => edit({ related: [...draft.related, { kind: "file", column: "" }] })}
						>
							{t("detections.addEntity")}
						</Button>
					</div>
				)}
			</div>
		</Section>
	);
}

export function RuleForm({ draft, edit, disabled, check }: {
	draft: Draft;
	edit(part: Partial<Draft>): void;
	disabled: boolean;
	check: DraftCheck;
}) {
	const { t } = useTexts();
	const ofQuery = useMemo(() => check.problems.filter((p) => p.field === QUERY), [check.problems]);
	const problemsOf = (field: string) => check.problems.filter((p) => p.field === field);
	const part: PartProps = { draft, edit, disabled, problemsOf, columns: check.columns };
	return (
		<div className={css["stack"]}>
			<Section title={t("detections.what")}>
				<div className={css["fields"]}>
					<div className={css["row"]}>
						<Field label={t("detections.name")} required>
							<Input disabled={disabled} value={draft.name} maxLength={256} onChange={(_, d) => edit({ name: d.value })} />
						</Field>
						<Field label={t("detections.owner")} hint={t("detections.ownerMore")}>
							<Input disabled={disabled} value={draft.owner} maxLength={128} onChange={(_, d) => edit({ owner: d.value })} />
						</Field>
					</div>
					<QueryField
						text={draft.query} problems={ofQuery} of={check.query} checked={check.checked} disabled={disabled}
						onChange={(query) => edit({ query })}
					/>
					<WhenPart {...part} />
					<Switch
						disabled={disabled} checked={draft.enabled} label={t("detections.enabled")}
						onChange={(_, d) => edit({ enabled: d.checked })}
					/>
				</div>
			</Section>
			<AlertPart {...part} />
			<EntityPart {...part} />
		</div>
	);
}
