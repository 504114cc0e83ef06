// SPDX-License-Identifier: Apache-2.0
/*
 * results.tsx - the outcome of a run: table or chart, filters, selection, export, one row whole
 */
import {
	Button, Menu, MenuButton, MenuItemRadio, MenuList, MenuPopover, MenuTrigger, MessageBar, MessageBarBody,
} from "@fluentui/react-components";
import { ChartMultiple20Regular, Dismiss12Regular, Table20Regular } from "@fluentui/react-icons";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from "react";

import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import { Empty, Lines } from "@/parts/states";
import { useClock } from "@/parts/time";
import { useTexts } from "@/text/text";

import { CellMenu, type CellActions } from "./cell-menu";
import { CHART_KINDS, chartOf, kindOf, type ChartKind } from "./chart-data";
import { ColumnPanel, type ColumnPlace } from "./column-panel";
import { ExportMenu } from "./export-menu";
import { Grid, type CellPlace } from "./grid";
import { sameFilter, viewOf, type Filter, type Order } from "./result";
import { RowPanel } from "./row-panel";
import { Selected } from "./selected";
import css from "./results.module.css";

const Chart = lazy(() => import("./chart"));

/** What the person set for this result; another run begins anew. */
function useChoices(answer: RunAnswer) {
	const drawn = kindOf(answer.render);
	const fresh = {
		answer, filters: [] as Filter[], order: null as Order | null, selected: new Set<number>() as ReadonlySet<number>,
		openRow: null as number | null, chart: drawn,
	};
	const [stored, setStored] = useState(fresh);
	const choices = stored.answer === answer ? stored : fresh;
	const set = (change: Partial<typeof fresh>) =>
		setStored((old) => ({ ...(old.answer === answer ? old : fresh), ...change }));
	return { ...choices, set };
}

function ChartChoice({ kind, onChange }: { kind: ChartKind | null; onChange(kind: ChartKind | null): void }) {
	const { t } = useTexts();
	return (
		<Menu
			checkedValues={{ kind: [kind ?? "table"] }}
			onCheckedValueChange={(_, { checkedItems }) => {
				const [value = "table"] = checkedItems;
				onChange(value === "table" ? null : (value as ChartKind));
			}}
		>
			<MenuTrigger disableButtonEnhancement>
				<MenuButton size="small" appearance="subtle" icon={kind ? <ChartMultiple20Regular /> : <Table20Regular />}>
					{t("hunting.view")}: {t(`hunting.view.${kind ?? "table"}`)}
				</MenuButton>
			</MenuTrigger>
			<MenuPopover>
				<MenuList>
					{(["table", ...CHART_KINDS] as const).map((value) => (
						<MenuItemRadio key={value} name="kind" value={value}>{t(`hunting.view.${value}`)}</MenuItemRadio>
					))}
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}

/** The first row's values in large letters. */
function Cards({ answer, view }: { answer: RunAnswer; view: number[] }) {
	const { number } = useTexts();
	const clock = useClock();
	const row = answer.rows[view[0] ?? 0] ?? [];
	const show = (value: Cell | undefined, type: string) =>
		value === null || value === undefined || value === "" ? "–"
			: typeof value === "number" ? number(value)
				: type === "datetime" ? clock.format(String(value)) : String(value);
	return (
		<dl className={css["cards"]}>
			{answer.columns.map((column, j) => (
				<div key={column.name}><dt>{column.name}</dt><dd>{show(row[j], column.type)}</dd></div>
			))}
		</dl>
	);
}

function Drawn({ answer, view, kind }: { answer: RunAnswer; view: number[]; kind: ChartKind }) {
	const { t } = useTexts();
	const properties = answer.render?.properties;
	const data = useMemo(() => {
		const rows = view.map((i) => answer.rows[i] as Cell[]);
		return kind === "card" ? null : chartOf({ ...answer, rows }, kind, properties ?? {});
	}, [answer, view, kind, properties]);
	if (kind === "card") return <Cards answer={answer} view={view} />;
	if (!data) return <Empty title={t("hunting.chart.none")}>{t("hunting.chart.noneMore")}</Empty>;
	return (
		<div className={css["drawn"]}>
			{data.left > 0 && <Note text={t("hunting.chart.left", { n: data.left })} />}
			<Suspense fallback={<Lines rows={4} />}>
				<Chart
					data={data}
					label={t("hunting.chart.label", { kind: t(`hunting.view.${kind}`), series: data.series.length, title: data.title || data.yTitle })}
				/>
			</Suspense>
		</div>
	);
}

function Note({ text }: { text: string }) {
	return <MessageBar intent="warning" className={css["note"]}><MessageBarBody>{text}</MessageBarBody></MessageBar>;
}

function Chips({ answer, filters, onChange }: { answer: RunAnswer; filters: Filter[]; onChange(filters: Filter[]): void }) {
	const { t } = useTexts();
	if (filters.length === 0) return null;
	return (
		<div className={css["chips"]} role="group" aria-label={t("hunting.filters")}>
			{filters.map((filter, i) => {
				const name = answer.columns[filter.column]?.name ?? "";
				const value = filter.value === null || filter.value === "" ? t("hunting.filter.empty") : String(filter.value);
				const text = `${name} ${filter.keep ? "=" : "≠"} ${value}`;
				return (
					<button
						key={text} type="button" className={`plain ${css["chip"]}`} aria-label={t("hunting.filter.remove", { name: text })}
						title={text} onClick={() => onChange(filters.filter((_, n) => n !== i))}
					>
						<span className="clip">{text}</span>
						<Dismiss12Regular aria-hidden="true" />
					</button>
				);
			})}
			<Button size="small" appearance="subtle" onClick={() => onChange([])}>{t("filter.clear")}</Button>
		</div>
	);
}

export function Results({ answer, milliseconds, name, onNarrow, onSeek }: {
	answer: RunAnswer;
	/** From the click to the rows. */
	milliseconds: number;
	/** Of files that are exported. */
	name: string;
	onNarrow(step: string): void;
	onSeek(column: RunColumn, values: readonly Cell[]): void;
}) {
	const { t, number } = useTexts();
	const { filters, order, selected, openRow, chart, set } = useChoices(answer);
	const wantedFilters = useDeferredValue(filters);
	const wantedOrder = useDeferredValue(order);
	const view = useMemo(() => viewOf(answer, wantedFilters, wantedOrder), [answer, wantedFilters, wantedOrder]);
	const chosen = useMemo(() => view.filter((i) => selected.has(i)), [view, selected]);
	const [cell, setCell] = useState<CellPlace | null>(null);
	const [column, setColumn] = useState<ColumnPlace | null>(null);
	const [said, setSaid] = useState("");
	useEffect(() => {
		if (!said) return;
		const timer = setTimeout(() => setSaid(""), 2500);
		return () => clearTimeout(timer);
	}, [said]);

	const filter = (wanted: Filter) => {
		setColumn(null);
		if (!filters.some((f) => sameFilter(f, wanted))) set({ filters: [...filters, wanted], openRow: null });
	};
	const actions: CellActions = {
		filter, narrow: onNarrow, seek: onSeek, open: (row) => set({ openRow: row }), say: setSaid,
	};
	const sort = (index: number, descending?: boolean) => {
		setColumn(null);
		if (descending !== undefined) set({ order: { column: index, descending } });
		else if (order?.column !== index) set({ order: { column: index, descending: false } });
		else set({ order: order.descending ? null : { column: index, descending: true } });
	};
	const seconds = number(Number((milliseconds / 1000).toFixed(milliseconds < 9950 ? 2 : 0)));
	const shownRows = filters.length
		? t("hunting.rows.filtered", { n: view.length, total: number(answer.rows.length) })
		: t("hunting.rows", { n: answer.rows.length });
	const position = openRow === null ? -1 : view.indexOf(openRow);

	return (
		<section className={css["results"]} aria-label={t("hunting.outcome")}>
			<div className={css["bar"]}>
				<span role="status" className={css["count"]} data-rows={view.length}>
					{shownRows}
					<span className="muted"> · {t("hunting.took", { seconds })} · {t("hunting.lookback", { n: answer.statistics.lookbackDays })}</span>
				</span>
				<span className="grow" />
				<span role="status" className="muted">{said}</span>
				{answer.rows.length > 0 && <ChartChoice kind={chart} onChange={(kind) => set({ chart: kind, openRow: null })} />}
				{answer.rows.length > 0 && <ExportMenu answer={answer} rows={view} name={name} label={t("hunting.export")} />}
			</div>
			{answer.limited && <Note text={t("hunting.limited", { n: answer.rowCount })} />}
			{answer.render && !kindOf(answer.render) && answer.render.kind !== "table" && (
				<Note text={t("hunting.chart.unknown", { kind: answer.render.kind })} />
			)}
			<Chips answer={answer} filters={filters} onChange={(next) => set({ filters: next, openRow: null })} />
			{selected.size > 0 && !chart && (
				<Selected answer={answer} rows={chosen} name={name} clear={() => set({ selected: new Set() })} actions={actions} />
			)}
			{answer.rows.length === 0 && <Empty title={t("hunting.none")}>{t("hunting.noneMore")}</Empty>}
			{answer.rows.length > 0 && (
				<div className={css["main"]}>
					{chart
						? <Drawn answer={answer} view={view} kind={chart} />
						: (
							<Grid
								answer={answer} view={view} order={order} filtered={new Set(filters.map((f) => f.column))}
								selected={selected} openRow={openRow} onOrder={(index) => sort(index)}
								onColumn={(index, element) => setColumn({ column: index, element })} onCell={setCell}
								onSelect={(rows) => set({ selected: rows })} onOpen={(row) => set({ openRow: row })}
							/>
						)}
					{openRow !== null && position >= 0 && !chart && (
						<RowPanel
							answer={answer} row={openRow} position={position} total={view.length}
							close={() => set({ openRow: null })} onSeek={onSeek}
						/>
					)}
				</div>
			)}
			<CellMenu answer={answer} place={cell} close={() => setCell(null)} actions={actions} />
			{column && (
				<ColumnPanel
					answer={answer} view={view} place={column} close={() => setColumn(null)}
					onSort={(descending) => sort(column.column, descending)} onFilter={filter}
				/>
			)}
		</section>
	);
}
