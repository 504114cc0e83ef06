// SPDX-License-Identifier: Apache-2.0
/* column-panel.tsx - what a column holds: how many, how different, most frequent; sort and filter from there */
import { Button, Popover, PopoverSurface } from "@fluentui/react-components";
import { ArrowDown16Regular, ArrowUp16Regular } from "@fluentui/react-icons";
import { useMemo } from "react";

import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import { Facts } from "@/parts/page";
import { useClock } from "@/parts/time";
import { useTexts } from "@/text/text";

import { statisticsOf, type Filter } from "./result";
import css from "./results.module.css";

export interface ColumnPlace {
	column: number;
	element: HTMLElement;
}

export function ColumnPanel({ answer, view, place, close, onSort, onFilter }: {
	answer: RunAnswer;
	view: number[];
	place: ColumnPlace;
	close(): void;
	onSort(descending: boolean): void;
	onFilter(filter: Filter): void;
}) {
	const { t, number } = useTexts();
	const clock = useClock();
	const { name, type } = answer.columns[place.column] as RunColumn;
	const statistics = useMemo(() => statisticsOf(answer, view, place.column), [answer, view, place.column]);
	const show = (value: Cell) =>
		value === null ? "–" : type === "datetime" ? clock.format(String(value), "milli")
			: typeof value === "number" ? number(value) : String(value).slice(0, 200);
	const most = statistics.top[0]?.count ?? 1;
	const ordered = type !== "dynamic" && type !== "bool" && type !== "guid";
	return (
		<Popover
			open trapFocus
			positioning={{ target: place.element, position: "below", align: "start", autoSize: "height", overflowBoundaryPadding: 8 }}
			onOpenChange={(_, data) => !data.open && close()}
		>
			<PopoverSurface className={css["column"] ?? ""} aria-label={t("hunting.column.about", { name })}>
				<h3>{name} <span className="muted">{type}</span></h3>
				<div className={css["sorts"]}>
					<Button size="small" icon={<ArrowUp16Regular />} onClick={() => onSort(false)}>{t("hunting.sort.up")}</Button>
					<Button size="small" icon={<ArrowDown16Regular />} onClick={() => onSort(true)}>{t("hunting.sort.down")}</Button>
				</div>
				<Facts
					columns={2}
					facts={[
						{ name: t("hunting.column.rows"), value: number(statistics.rows) },
						{ name: t("hunting.column.distinct"), value: number(statistics.distinct) },
						{ name: t("hunting.column.empty"), value: number(statistics.empty) },
						statistics.average !== null && {
							name: t("hunting.column.average"), value: number(Number(statistics.average.toPrecision(6))),
						},
						ordered && statistics.least !== null && { name: t("hunting.column.least"), value: show(statistics.least) },
						ordered && statistics.greatest !== null && { name: t("hunting.column.greatest"), value: show(statistics.greatest) },
					]}
				/>
				{statistics.top.length > 0 && (
					<>
						<h4>{t("hunting.column.top")}</h4>
						<ul className={css["top"]}>
							{statistics.top.map(({ value, count }) => (
								<li key={String(value)}>
									<button
										type="button" className="plain" title={String(value)}
										onClick={() => onFilter({ column: place.column, value, keep: true })}
									>
										<i style={{ width: `${(count / most) * 100}%` }} aria-hidden="true" />
										<span className="clip">{show(value)}</span>
										<span className="number">{number(count)}</span>
									</button>
								</li>
							))}
						</ul>
					</>
				)}
			</PopoverSurface>
		</Popover>
	);
}
