// SPDX-License-Identifier: Apache-2.0
/*
 * coverage.tsx - which ATT&CK techniques the rules look for, as a matrix; a cell shows its rules
 *
 * What is chosen stands in the address: a cell, and the sources that count.
 */
import { Button, Checkbox, ToggleButton } from "@fluentui/react-components";
import { Grid24Regular } from "@fluentui/react-icons";
import { useMemo, type CSSProperties } from "react";

import { matrixOf, parentOf, SOURCES, tacticOf, type Cell, type CoverageRule, type Source, type TacticColumn } from "@/api/coverage";
import { useResource } from "@/api/resource";
import { SeverityBadge } from "@/parts/badges";
import { Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { techniqueName } from "@/parts/techniques";
import { Link, setQuery, usePlace } from "@/router";
import { useTexts, type Texts } from "@/text/text";

import css from "./coverage.module.css";

/** Beyond so many rules a cell is not drawn any stronger. */
const STRONG = 12;

function useChoice() {
	const { query } = usePlace();
	const sources = SOURCES.filter((s) => !(query.get("without") ?? "").split(",").includes(s));
	return { rule: query.get("rule"), technique: query.get("technique"), tactic: query.get("tactic"), sources, off: query.get("off") === "1" };
}

function CellButton({ cell, tactic, chosen }: { cell: Cell; tactic: string; chosen: boolean }) {
	const { t } = useTexts();
	const name = techniqueName(cell.technique);
	const share = Math.round(6 + (Math.min(cell.rules.length, STRONG) / STRONG) * 26);
	return (
		<button
			type="button" aria-pressed={chosen} title={`${cell.technique} ${name}`}
			className={`plain ${css["cell"]} ${chosen ? css["chosen"] : ""}`}
			style={{ "--share": `${share}%` } as CSSProperties}
			onClick={() => setQuery(chosen ? { technique: null, tactic: null } : { rule: null, technique: cell.technique, tactic })}
		>
			<span className={`mono ${css["id"]}`}>{cell.technique}</span>
			<span className={`number ${css["count"]}`}>
				<span aria-hidden="true">{cell.rules.length}</span>
				<span className="unseen">{t("coverage.rules", { n: cell.rules.length })}</span>
			</span>
			<span className={css["name"]}>{name}</span>
		</button>
	);
}

function Matrix({ columns, technique, tactic }: { columns: TacticColumn[]; technique: string | null; tactic: string | null }) {
	const { t, named } = useTexts();
	return (
		<div className={`card ${css["scroll"]}`} role="group" aria-label={t("coverage.matrix")} tabIndex={0}>
			<div className={css["matrix"]}>
				{columns.map((column) => (
					<section key={column.tactic} className={css["column"]} aria-label={named("category", column.tactic)}>
						<h2>
							<span>{named("category", column.tactic)}</span>
							<small>{t("coverage.techniques", { n: column.cells.length })}</small>
						</h2>
						<ul>
							{column.cells.map((cell) => (
								<li key={cell.technique}>
									<CellButton
										cell={cell} tactic={column.tactic}
										chosen={cell.technique === technique && (tactic === null || tactic === column.tactic)}
									/>
								</li>
							))}
						</ul>
					</section>
				))}
			</div>
		</div>
	);
}

function ruleColumns({ t, named }: Texts): Column<CoverageRule>[] {
	return [
		{
			id: "title", name: t("rules.rule"),
			render: (r) => r.source === "custom"
				? <Link to={`/detection-rules/${r.id}`} tabIndex={-1} title={r.title}>{r.title}</Link>
				: <span title={r.title} className={r.enabled ? "" : css["off"]}>{r.title}</span>,
		},
		{ id: "severity", name: t("alert.severity"), width: "150px", render: (r) => <SeverityBadge value={r.severity} /> },
		{ id: "state", name: t("detections.state"), width: "90px", render: (r) => t(r.enabled ? "detections.on" : "detections.off") },
		{ id: "source", name: t("rules.source"), width: "170px", extra: "medium", render: (r) => named("coverageSource", r.source) },
		{
			id: "techniques", name: t("alert.techniques"), width: "230px", extra: "medium",
			render: (r) => <span className="mono" title={r.techniques.join(", ")}>{r.techniques.join(", ")}</span>,
		},
	];
}

interface Chosen {
	rule: string | null;
	technique: string | null;
	tactic: string | null;
}

function isChosen(r: CoverageRule, { rule, technique, tactic }: Chosen) {
	return (!rule || r.id === rule)
		&& (!technique || r.techniques.some((id) => id === technique || parentOf(id) === technique))
		&& (!tactic || r.tactics.map(tacticOf).includes(tactic));
}

function Rules({ rules, chosen }: { rules: CoverageRule[]; chosen: Chosen }) {
	const { rule, technique, tactic } = chosen;
	const texts = useTexts();
	const { t, named } = texts;
	const shown = rules.filter((r) => isChosen(r, chosen));
	const title = technique
		? [`${technique} ${techniqueName(technique)}`, tactic && named("category", tactic)].filter(Boolean).join(" · ")
		: (rule && shown[0]?.title) ?? t("coverage.all");
	return (
		<Section
			title={title} pad={false} className={css["rules"] ?? ""}
			actions={(technique ?? rule) && (
				<Button size="small" appearance="subtle" onClick={() => setQuery({ rule: null, technique: null, tactic: null })}>
					{t("coverage.showAll")}
				</Button>
			)}
		>
			{shown.length === 0 && <Empty title={t("coverage.none")} />}
			{shown.length > 0 && (
				<Table
					label={title} columns={ruleColumns(texts)} rows={shown} idOf={(r) => `${r.source} ${r.id}`}
					nameOf={(r) => r.title}
				/>
			)}
		</Section>
	);
}

function Filters({ sources, off, counts }: { sources: Source[]; off: boolean; counts: Record<Source, number> }) {
	const { t, named, number } = useTexts();
	const toggle = (source: Source) => {
		const without = SOURCES.filter((s) => (s === source ? sources.includes(s) : !sources.includes(s)));
		setQuery({ without: without.length ? without.join(",") : null });
	};
	return (
		<div className={css["filters"]} role="group" aria-label={t("rules.source")}>
			{SOURCES.map((source) => (
				<ToggleButton key={source} size="small" checked={sources.includes(source)} onClick={() => toggle(source)}>
					{named("coverageSource", source)} ({number(counts[source])})
				</ToggleButton>
			))}
			<Checkbox label={t("coverage.withOff")} checked={off} onChange={(_, { checked }) => setQuery({ off: checked ? "1" : null })} />
		</div>
	);
}

function Body({ all }: { all: CoverageRule[] }) {
	const { t } = useTexts();
	const { rule, technique, tactic, sources, off } = useChoice();
	const key = sources.join(",");
	const rules = useMemo(
		() => all.filter((r) => key.split(",").includes(r.source) && (off || r.enabled)), [all, key, off]);
	const columns = useMemo(() => matrixOf(rules), [rules]);
	const techniques = new Set(rules.flatMap((r) => r.techniques.map(parentOf)));
	const counts = Object.fromEntries(SOURCES.map((s) => [s, all.filter((r) => r.source === s).length])) as Record<Source, number>;
	return (
		<>
			<p className={css["figures"]}>
				<span><b>{t("coverage.rules", { n: rules.length })}</b></span>
				<span><b>{t("coverage.techniques", { n: techniques.size })}</b></span>
				<span><b>{t("coverage.tactics", { n: columns.length })}</b></span>
			</p>
			<Filters sources={sources} off={off} counts={counts} />
			{columns.length === 0 && (
				<div className="card"><Empty icon={<Grid24Regular />} title={t("coverage.none")} /></div>
			)}
			{columns.length > 0 && <Matrix columns={columns} technique={technique} tactic={tactic} />}
			<Rules rules={rule ? all : rules} chosen={{ rule, technique, tactic }} />
		</>
	);
}

export default function CoveragePage() {
	const { t } = useTexts();
	const { data, error, loading, reload } = useResource<{ value: CoverageRule[] }>("/portal/api/coverage");
	return (
		<Page title={t("coverage.title")} subtitle={t("coverage.more")} crumbs={[{ text: t("detections.title"), to: "/detection-rules" }]}>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <div className="card"><Lines rows={8} /></div>}
			{data && <Body all={data.value} />}
		</Page>
	);
}
