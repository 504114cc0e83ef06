// SPDX-License-Identifier: Apache-2.0
/*
 * settings-rules.tsx - Sigma rules: how each does and how often it matched, and what is expected here
 *
 * The server sorts. A rule that cannot run stands here with its reason.
 */
import { useResource } from "@/api/resource";
import { SIGMA_RULES, type RefusedRule, type SigmaRule, type SigmaRules } from "@/api/tuning";
import { SeverityBadge } from "@/parts/badges";
import { Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time, useClock } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";
import { Exceptions } from "@/tuning/exceptions";
import { RuleActions, RuleState } from "@/tuning/rule-actions";
import tuning from "@/tuning/tuning.module.css";

import css from "./settings.module.css";

function columns({ t, number, named }: Texts, mayChange: boolean, reload: () => void): Column<SigmaRule>[] {
	return [
		{
			id: "title", name: t("rules.rule"), width: "36%",
			render: (r) => <span title={r.description ?? r.id}>{r.title}</span>,
		},
		{
			id: "severity", name: t("alert.severity"), width: "150px",
			render: (r) => (
				<span title={r.severity === r.ruleSeverity ? undefined : t("rules.lowered", { severity: named("severity", r.ruleSeverity) })}>
					<SeverityBadge value={r.severity} />
				</span>
			),
		},
		{
			id: "source", name: t("rules.source"), width: "110px", extra: "medium",
			render: (r) => (r.custom ? t("rules.own") : "Vakt"),
		},
		{
			id: "state", name: t("detections.state"), width: "128px",
			render: (r) => (
				<RuleState
					state={r.state}
					reason={r.stateReason ?? (r.changedBy && t("rules.changedBy", { name: r.changedBy }))}
				/>
			),
		},
		{
			id: "matches", name: t("rules.matches"), width: "90px", align: "end",
			render: (r) => <span className="number">{number(r.matches)}</span>,
		},
		{
			id: "silenced", name: t("rules.silenced"), width: "90px", align: "end", extra: "medium",
			render: (r) => <span className="number">{number(r.silenced)}</span>,
		},
		{ id: "last", name: t("rules.last"), width: "170px", extra: "medium", render: (r) => <Time value={r.lastMatchTime} /> },
		...(mayChange ? [{
			id: "actions", name: t("table.actions"), hidden: true, width: "56px", align: "end" as const,
			render: (r: SigmaRule) => <RuleActions rule={r} reload={reload} />,
		}] : []),
	];
}

function Refused({ rules }: { rules: RefusedRule[] }) {
	return (
		<ul className={tuning["refused"]}>
			{rules.map((r, i) => (
				<li key={i}>
					<RuleState state={r.state} /> {r.title && <b>{r.title}: </b>}
					{r.stateReason} <span className="mono muted">{r.file}{r.line > 0 && `:${r.line}`}</span>
				</li>
			))}
		</ul>
	);
}

function Rules() {
	const texts = useTexts();
	const { t } = texts;
	const { may } = useSession();
	const clock = useClock();
	const { data, error, reload } = useResource<SigmaRules>(SIGMA_RULES, 15);
	return (
		<Section title={t("settings.rules")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && !error && <Lines rows={8} />}
			{data && (
				<div className={css["pad"]}>
					<p className={css["intro"]}>
						{t("rules.count", { n: data.total })}{" "}
						{data.refused > 0 && `${t("rules.refused", { n: data.refused })} `}
						{t("rules.since", { time: `${clock.format(data.since, "minute")} ${clock.zoneName}` })}
					</p>
				</div>
			)}
			{data && data.refusedRules.length > 0 && <Refused rules={data.refusedRules} />}
			{data?.value.length === 0 && <Empty title={t("rules.none")} />}
			{data && data.value.length > 0 && (
				<Table
					label={t("settings.rules")} columns={columns(texts, may("RULE_WRITE"), reload)} rows={data.value}
					idOf={(r) => r.id} nameOf={(r) => r.title}
				/>
			)}
		</Section>
	);
}

export function DetectionRules() {
	return <div className={css["stack"]}><Exceptions /><Rules /></div>;
}
