// SPDX-License-Identifier: Apache-2.0
/* exceptions.tsx - what is expected here: by whom, why, until when, how often it held */
import { Button } from "@fluentui/react-components";
import { Delete20Regular, ShieldCheckmark24Regular } from "@fluentui/react-icons";

import { useResource } from "@/api/resource";
import { EXCEPTIONS, removeException, type RuleException, type RuleExceptions } from "@/api/tuning";
import { PlainTag } from "@/parts/badges";
import { Confirm } from "@/parts/confirm";
import { Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time, useClock } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

import css from "./tuning.module.css";

type Clock = ReturnType<typeof useClock>;

function Conditions({ of }: { of: RuleException }) {
	const { named } = useTexts();
	return (
		<ul className={css["list"]}>
			{of.conditions.map((c, i) => (
				<li key={i} className="clip" title={c.value}>
					{named("tuningField", c.field)} <span className="muted">{named("tuningOperator", c.operator)}</span>{" "}
					<span className="mono">{c.value}</span>
				</li>
			))}
		</ul>
	);
}

function columns(
	{ t, number }: Texts, clock: Clock, mayChange: boolean, reload: () => void,
): Column<RuleException>[] {
	const expired = (x: RuleException) => new Date(x.expirationTime).getTime() < Date.now();
	return [
		{ id: "rule", name: t("rules.rule"), width: "20%", extra: "medium", render: (x) => x.ruleTitle ?? x.ruleId ?? t("tuning.everyRule") },
		{ id: "conditions", name: t("tuning.conditions"), render: (x) => <Conditions of={x} /> },
		{
			id: "reason", name: t("tuning.reason"), width: "20%",
			render: (x) => <span title={x.reason}>{x.reason}</span>,
		},
		{ id: "by", name: t("tuning.madeBy"), width: "100px", extra: "wide", render: (x) => x.createdBy },
		{
			id: "expires", name: t("tuning.expires"), width: "150px",
			render: (x) => expired(x)
				? <PlainTag>{t("tuning.expired")}</PlainTag>
				: <Time value={x.expirationTime} precision="minute" />,
		},
		{
			id: "matches", name: t("tuning.held"), width: "76px", align: "end",
			render: (x) => (
				<span className="number" title={x.lastMatchTime ? clock.format(x.lastMatchTime, "minute") : undefined}>
					{number(x.matches)}
				</span>
			),
		},
		{
			id: "remove", name: t("table.actions"), hidden: true, width: "112px", align: "end",
			render: (x) => mayChange && (
				<Confirm
					trigger={<Button size="small" appearance="subtle" icon={<Delete20Regular />}>{t("detections.remove")}</Button>}
					title={t("tuning.removeTitle")} text={t("tuning.removeMore")} action={t("detections.remove")}
					run={async () => {
						await removeException(x.id);
						reload();
					}}
				/>
			),
		},
	];
}

export function Exceptions() {
	const texts = useTexts();
	const { t } = texts;
	const { may } = useSession();
	const clock = useClock();
	const { data, error, loading, reload } = useResource<RuleExceptions>(EXCEPTIONS, 30);
	const rows = data?.value ?? [];
	return (
		<Section title={t("tuning.exceptions")} pad={false}>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <Lines rows={2} />}
			{data && rows.length === 0 && (
				<Empty icon={<ShieldCheckmark24Regular />} title={t("tuning.none")}>{t("tuning.noneMore")}</Empty>
			)}
			{rows.length > 0 && (
				<Table
					label={t("tuning.exceptions")} columns={columns(texts, clock, may("RULE_WRITE"), reload)} rows={rows}
					idOf={(x) => x.id} nameOf={(x) => x.reason}
				/>
			)}
		</Section>
	);
}
