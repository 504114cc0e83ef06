// SPDX-License-Identifier: Apache-2.0
/* settings-rules.tsx - which rules are in use and how often each matched; the server sorts */
import { useResource } from "@/api/resource";
import type { Rule, Rules } from "@/api/types";
import { SeverityBadge } from "@/parts/badges";
import { Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time, useClock } from "@/parts/time";
import { useTexts, type Texts } from "@/text/text";

import css from "./settings.module.css";

function columns({ t, number }: Texts): Column<Rule>[] {
	return [
		{ id: "title", name: t("rules.rule"), width: "40%", render: (r) => <span title={r.id}>{r.title}</span> },
		{ id: "severity", name: t("alert.severity"), width: "150px", render: (r) => <SeverityBadge value={r.severity} /> },
		{
			id: "source", name: t("rules.source"), width: "130px", extra: "medium",
			render: (r) => (r.custom ? t("rules.own") : "Vakt"),
		},
		{
			id: "matches", name: t("rules.matches"), width: "110px", align: "end",
			render: (r) => <span className="number">{number(r.matches)}</span>,
		},
		{ id: "last", name: t("rules.last"), width: "180px", render: (r) => <Time value={r.lastMatchTime} /> },
	];
}

export function DetectionRules() {
	const texts = useTexts();
	const { t } = texts;
	const clock = useClock();
	const { data, error, reload } = useResource<Rules>("/portal/api/rules", 15);
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
			{data?.value.length === 0 && <Empty title={t("rules.none")} />}
			{data && data.value.length > 0 && (
				<Table
					label={t("settings.rules")} columns={columns(texts)} rows={data.value}
					idOf={(r) => r.id} nameOf={(r) => r.title}
				/>
			)}
		</Section>
	);
}
