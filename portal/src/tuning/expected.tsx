// SPDX-License-Identifier: Apache-2.0
/*
 * expected.tsx - "this is expected here": an exception made from an alert
 *
 * It begins as narrow as the alert's process tells; what it is compared with can be changed and left out.
 * Which fields there are, the server says.
 */
import {
	Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field,
	Input, Select, Textarea,
} from "@fluentui/react-components";
import { ShieldCheckmark20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { changeAlert } from "@/api/alerts";
import { useResource } from "@/api/resource";
import { EXCEPTION_DAYS, factsOf, makeException, TERMS, type Scope, type Terms } from "@/api/tuning";
import type { Alert, AlertChange, Machine } from "@/api/types";
import { ErrorBar } from "@/parts/states";
import { useTexts } from "@/text/text";

import { ExceptionPreview } from "./preview";
import css from "./tuning.module.css";

/** What it is narrowed by unless somebody chooses otherwise. */
const CHOSEN = new Set(["folderPath", "processCommandLine", "accountName"]);
const REASON_MAX = 1000;
const EXPECTED: AlertChange = {
	status: "Resolved", classification: "InformationalExpectedActivity", determination: "ConfirmedActivity",
};

interface Line {
	field: string;
	operator: string;
	value: string;
	chosen: boolean;
}

function ConditionLine({ line, operators, change }: {
	line: Line;
	operators: string[];
	change(part: Partial<Line>): void;
}) {
	const { t, named } = useTexts();
	const name = named("tuningField", line.field);
	return (
		<div className={css["condition"]}>
			<Checkbox label={name} checked={line.chosen} onChange={(_, d) => change({ chosen: d.checked === true })} />
			<Select
				aria-label={t("tuning.operatorOf", { name })} disabled={!line.chosen} value={line.operator}
				onChange={(_, d) => change({ operator: d.value })}
			>
				{operators.map((o) => <option key={o} value={o}>{named("tuningOperator", o)}</option>)}
			</Select>
			<Input
				aria-label={t("tuning.valueOf", { name })} disabled={!line.chosen} value={line.value} title={line.value}
				className="mono" onChange={(_, d) => change({ value: d.value })}
			/>
		</div>
	);
}

function ExpectedForm({ alert, terms, tags, done, close }: {
	alert: Alert;
	terms: Terms;
	tags: readonly string[];
	done(change: AlertChange | null): Promise<void>;
	close(): void;
}) {
	const { t } = useTexts();
	const [lines, setLines] = useState<Line[]>(() => {
		const facts = factsOf(alert, tags);
		return terms.fields.map(({ name }) => ({
			field: name, operator: "equals", value: facts[name] ?? "", chosen: CHOSEN.has(name) && !!facts[name],
		}));
	});
	const [everyRule, setEveryRule] = useState(false);
	const [days, setDays] = useState(terms.daysDefault);
	const [reason, setReason] = useState("");
	const [resolve, setResolve] = useState(alert.status !== "Resolved");
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const conditions = lines.filter((l) => l.chosen && l.value)
		.map(({ field, operator, value }) => ({ field, operator, value }));
	const scope: Scope = { conditions, ...(everyRule || !alert.detectorId ? {} : { ruleId: alert.detectorId }) };
	const ready = conditions.length > 0 && reason.trim() !== "" && !busy;
	const submit = async () => {
		setBusy(true);
		setError(null);
		try {
			await makeException({ ...scope, reason: reason.trim(), days });
			await done(resolve ? EXPECTED : null);
			close();
		} catch (e) {
			setError(e);
			setBusy(false);
		}
	};
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				if (ready) void submit();
			}}
		>
			<DialogBody>
				<DialogTitle>{t("tuning.expected")}</DialogTitle>
				<DialogContent>
					<div className={css["form"]}>
						<ErrorBar error={error} />
						<span>{t("tuning.expectedMore")}</span>
						<Field label={t("tuning.appliesTo")}>
							<Select value={everyRule ? "every" : "one"} onChange={(_, d) => setEveryRule(d.value === "every")}>
								<option value="one">{t("tuning.thisRule", { title: alert.title })}</option>
								<option value="every">{t("tuning.everyRule")}</option>
							</Select>
						</Field>
						<fieldset className={css["conditions"]}>
							<legend>{t("tuning.conditions")}</legend>
							{lines.map((line, i) => (
								<ConditionLine
									key={line.field} line={line} operators={terms.operators}
									change={(part) => setLines(lines.map((l, k) => (k === i ? { ...l, ...part } : l)))}
								/>
							))}
						</fieldset>
						{conditions.length > 0 && <ExceptionPreview scope={scope} />}
						<div className={css["pair"]}>
							<Field label={t("tuning.reason")} required>
								<Textarea value={reason} maxLength={REASON_MAX} onChange={(_, d) => setReason(d.value)} />
							</Field>
							<Field label={t("tuning.expires")}>
								<Select value={String(days)} onChange={(_, d) => setDays(Number(d.value))}>
									{EXCEPTION_DAYS.map((n) => (
										<option key={n} value={n}>{t("tuning.days", { n })}</option>
									))}
								</Select>
							</Field>
						</div>
						<Checkbox
							label={t("tuning.resolve")} checked={resolve} onChange={(_, d) => setResolve(d.checked === true)}
						/>
					</div>
				</DialogContent>
				<DialogActions>
					<Button type="submit" appearance="primary" disabledFocusable={!ready}>{t("tuning.make")}</Button>
					<Button onClick={close}>{t("action.cancel")}</Button>
				</DialogActions>
			</DialogBody>
		</form>
	);
}

/**
 * For alerts of Sigma rules, and for those who may. The dialog opens when all it needs is there: one that
 * opens empty has nothing to focus, and is then hidden from those who hear it.
 */
export function ExpectedHere({ alert, replace }: { alert: Alert; replace(alert: Alert): void }) {
	const { t } = useTexts();
	const [wanted, setWanted] = useState(false);
	const terms = useResource<Terms>(wanted ? TERMS : null);
	const machine = useResource<Machine>(wanted ? `/api/machines/${encodeURIComponent(alert.machineId)}` : null);
	const known = machine.data ?? machine.error;
	const done = async (change: AlertChange | null) => {
		if (change) replace({ ...alert, ...(await changeAlert(alert.id, change)) });
	};
	return (
		<>
			<ErrorBar error={terms.error} retry={terms.reload} />
			<Button icon={<ShieldCheckmark20Regular />} onClick={() => setWanted(true)}>{t("tuning.expected")}</Button>
			<Dialog open={wanted && !!terms.data && !!known} onOpenChange={(_, d) => setWanted(d.open)}>
				<DialogSurface style={{ maxWidth: 860 }}>
					{terms.data && !!known && (
						<ExpectedForm
							alert={alert} terms={terms.data} tags={machine.data?.machineTags ?? []} done={done}
							close={() => setWanted(false)}
						/>
					)}
				</DialogSurface>
			</Dialog>
		</>
	);
}
