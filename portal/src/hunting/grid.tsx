// SPDX-License-Identifier: Apache-2.0
/*
 * grid.tsx - rows of a result: up to a hundred thousand, of which those in sight exist
 *
 * The grid itself has the focus and names the active cell; arrows, pages, Home and End move it, with
 * Control to the ends of the table. Space selects the row, Control and A all of them, Enter opens it,
 * the menu key shows what can be done with the value. Row -1 is the head: Enter sorts, Space tells about
 * the column.
 */
import { ArrowDown12Regular, ArrowUp12Regular, ChevronDown12Regular, MoreHorizontal16Regular } from "@fluentui/react-icons";
import { memo, useCallback, useEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type PointerEvent } from "react";

import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import { useClock, type Clock } from "@/parts/time";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import type { Order } from "./result";
import { targetOf } from "./seek";
import { isNumber, textOf } from "./values";
import { useWindow, ROW_HEIGHT } from "./window";
import css from "./grid.module.css";

const LEAD = 40;
const WIDTH_MIN = 88, WIDTH_MAX = 380;
const CHARACTER = 7.6, PADDING = 26;
/** Digits are wider than letters. */
const TIME_WIDTH = 212;
const SAMPLE = 200;
/** Of a value in its cell; the panel shows all of it. */
const SHOWN_MAX = 300;

export interface CellPlace {
	/** Of the result, not of the view. */
	row: number;
	column: number;
	/** Where to put a menu. */
	element: HTMLElement;
}

interface GridProps {
	answer: RunAnswer;
	view: readonly number[];
	order: Order | null;
	filtered: ReadonlySet<number>;
	selected: ReadonlySet<number>;
	openRow: number | null;
	onOrder(column: number): void;
	onColumn(column: number, element: HTMLElement): void;
	onCell(place: CellPlace): void;
	onSelect(rows: Set<number>): void;
	onOpen(row: number): void;
}

function shown(value: Cell | undefined, type: string, clock: Clock) {
	if (value === null || value === undefined || value === "") return "";
	if (type === "datetime") return clock.format(String(value), "milli") || String(value);
	const text = String(value);
	return (text.length > SHOWN_MAX ? text.slice(0, SHOWN_MAX) : text).replace(/\s+/g, " ");
}

function widthsOf({ columns, rows }: RunAnswer, clock: Clock) {
	const step = Math.max(1, Math.floor(rows.length / SAMPLE));
	return columns.map(({ name, type }, j) => {
		if (type === "datetime") return Math.max(TIME_WIDTH, Math.round(name.length * CHARACTER + PADDING + 22));
		let most = name.length + 3;
		const look = (i: number) => {
			most = Math.max(most, shown(rows[i]?.[j], type, clock).length);
		};
		for (let i = 0; i < rows.length; i += step) look(i);
		look(rows.length - 1);
		return Math.round(Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, most * CHARACTER + PADDING)));
	});
}

const cellId = (row: number, column: number) => `cell-${row}-${column}`;

interface RowProps {
	answer: RunAnswer;
	position: number;
	row: number;
	starts: number[];
	from: number;
	to: number;
	activeColumn: number | null;
	selected: boolean;
	open: boolean;
	clock: Clock;
}

const Row = memo(function Row(props: RowProps) {
	const { answer, position, row, starts, from, to, activeColumn, selected, open, clock } = props;
	const { t } = useTexts();
	const values = answer.rows[row] as Cell[];
	const cells = [];
	for (let j = from; j < to; j++) {
		const { type } = answer.columns[j] as RunColumn;
		const text = shown(values[j], type, clock);
		const target = targetOf(answer.columns, values, j);
		const active = j === activeColumn;
		cells.push(
			<div
				key={j} role="gridcell" id={cellId(position, j)} aria-colindex={j + 2} data-column={j}
				className={`${css["cell"]} ${isNumber(type) ? css["number"] : ""} ${active ? css["active"] : ""}`}
				style={{ left: starts[j], width: (starts[j + 1] as number) - (starts[j] as number) }}
			>
				{target && text
					? <Link to={target.to} tabIndex={-1} className={`link ${css["text"]}`}>{text}</Link>
					: <span className={css["text"]}>{text}</span>}
				{active && (
					<button type="button" tabIndex={-1} className={`plain ${css["more"]}`} data-more aria-label={t("hunting.cell.actions")}>
						<MoreHorizontal16Regular aria-hidden="true" />
					</button>
				)}
			</div>,
		);
	}
	return (
		<div
			role="row" aria-rowindex={position + 2} aria-selected={selected} data-position={position}
			className={`${css["row"]} ${selected ? css["selected"] : ""} ${open ? css["open"] : ""}`}
		>
			<div role="gridcell" aria-colindex={1} className={css["lead"]} data-lead aria-label={t(selected ? "hunting.row.selected" : "hunting.row.notSelected")}>
				<span className={css["box"]} aria-hidden="true" />
			</div>
			{cells}
		</div>
	);
});

function HeadCell({ column, index, left, width, active, order, filtered, onResize, onOrder, onColumn }: {
	column: RunColumn;
	index: number;
	left: number;
	width: number;
	active: boolean;
	order: Order | null;
	filtered: boolean;
	onResize(index: number, width: number): void;
	onOrder(column: number): void;
	onColumn(column: number, element: HTMLElement): void;
}) {
	const { t } = useTexts();
	const sorted = order?.column === index ? order : null;
	const drag = (event: PointerEvent<HTMLSpanElement>) => {
		event.preventDefault();
		event.stopPropagation();
		const handle = event.currentTarget;
		const from = event.clientX;
		handle.setPointerCapture(event.pointerId);
		const move = (e: globalThis.PointerEvent) => onResize(index, Math.max(WIDTH_MIN, width + e.clientX - from));
		const stop = () => {
			handle.removeEventListener("pointermove", move);
			handle.removeEventListener("pointerup", stop);
		};
		handle.addEventListener("pointermove", move);
		handle.addEventListener("pointerup", stop);
	};
	return (
		<div
			role="columnheader" id={cellId(-1, index)} aria-colindex={index + 2}
			aria-sort={sorted ? (sorted.descending ? "descending" : "ascending") : "none"}
			className={`${css["headCell"]} ${active ? css["active"] : ""} ${filtered ? css["filtered"] : ""}`}
			style={{ left, width }}
		>
			<button type="button" tabIndex={-1} className={`plain ${css["sort"]}`} title={`${column.name}: ${column.type}`} onClick={() => onOrder(index)}>
				<span className="clip">{column.name}</span>
				{sorted && (sorted.descending ? <ArrowDown12Regular aria-hidden="true" /> : <ArrowUp12Regular aria-hidden="true" />)}
			</button>
			<button
				type="button" tabIndex={-1} className={`plain ${css["about"]}`}
				aria-label={t("hunting.column.about", { name: column.name })}
				onClick={(event) => onColumn(index, event.currentTarget)}
			>
				<ChevronDown12Regular aria-hidden="true" />
			</button>
			<span className={css["resize"]} aria-hidden="true" onPointerDown={drag} />
		</div>
	);
}

/** Widths as they fit, or as the person drew them. */
function useWidths(answer: RunAnswer, clock: Clock) {
	const fitting = useMemo(() => widthsOf(answer, clock), [answer, clock]);
	const [drawn, setDrawn] = useState<{ answer: RunAnswer; widths: number[] } | null>(null);
	const widths = drawn?.answer === answer ? drawn.widths : fitting;
	const resize = useCallback((index: number, width: number) => {
		setDrawn((old) => {
			const now = [...(old?.answer === answer ? old.widths : fitting)];
			now[index] = width;
			return { answer, widths: now };
		});
	}, [answer, fitting]);
	return { widths, resize };
}

export function Grid(props: GridProps) {
	const { answer, view, order, filtered, selected, openRow, onOrder, onColumn, onCell, onSelect, onOpen } = props;
	const { t } = useTexts();
	const clock = useClock();
	const { widths, resize } = useWidths(answer, clock);
	const [active, setActive] = useState({ row: 0, column: 0 });
	const [anchor, setAnchor] = useState<number | null>(null);
	const sight = useWindow(view.length, widths, LEAD);
	const { starts, firstRow, rowCount, firstColumn, columnEnd } = sight;
	const grid = useRef<HTMLDivElement>(null);
	const columns = answer.columns.length;
	const current = {
		row: Math.min(active.row, view.length - 1), column: Math.min(active.column, columns - 1),
	};
	useEffect(() => {
		setActive({ row: 0, column: 0 });
	}, [answer]);

	const toggle = (position: number, range: boolean) => {
		const next = new Set(selected);
		const from = range && anchor !== null ? Math.min(anchor, position) : position;
		const to = range && anchor !== null ? Math.max(anchor, position) : position;
		const on = range || !selected.has(view[position] as number);
		for (let i = from; i <= to; i++) {
			if (on) next.add(view[i] as number);
			else next.delete(view[i] as number);
		}
		setAnchor(position);
		onSelect(next);
	};
	const all = view.length > 0 && selected.size >= view.length && view.every((row) => selected.has(row));
	const toggleAll = () => onSelect(all ? new Set() : new Set(view));
	const go = (row: number, column: number) => {
		const next = {
			row: Math.max(-1, Math.min(view.length - 1, row)), column: Math.max(0, Math.min(columns - 1, column)),
		};
		setActive(next);
		sight.reveal(next.row, next.column);
		if (openRow !== null && next.row >= 0 && next.row !== current.row) onOpen(view[next.row] as number);
	};
	const elementOf = ({ row, column }: { row: number; column: number }) =>
		document.getElementById(cellId(row, column)) ?? sight.viewport.current;
	const act = () => {
		const element = elementOf(current);
		if (element && current.row >= 0) onCell({ row: view[current.row] as number, column: current.column, element });
	};
	const onKey = (event: KeyboardEvent) => {
		const { row, column } = current;
		const control = event.ctrlKey || event.metaKey;
		if (event.altKey || (event.target as Element).closest("a, button")) return;
		const page = sight.rowsOfPage;
		const moves: Record<string, [number, number]> = {
			ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowLeft: [row, column - 1],
			ArrowRight: [row, column + 1], PageDown: [row + page, column], PageUp: [Math.max(0, row - page), column],
			Home: control ? [0, 0] : [row, 0], End: control ? [view.length - 1, columns - 1] : [row, columns - 1],
		};
		const move = moves[event.key];
		const element = elementOf(current);
		if (move) go(...move);
		else if (control && event.key === "c" && row >= 0)
			void navigator.clipboard.writeText(textOf(answer.rows[view[row] as number]?.[column]));
		else if (control && event.key.toLowerCase() === "a") toggleAll();
		else if (control) return;
		else if (row < 0 && event.key === "Enter") onOrder(column);
		else if (row < 0 && event.key === " " && element) onColumn(column, element);
		else if (event.key === "Enter" && row >= 0) onOpen(view[row] as number);
		else if (event.key === " " && row >= 0) toggle(row, event.shiftKey);
		else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) act();
		else return;
		event.preventDefault();
	};
	/* One listener for all cells. */
	const placeOf = (target: EventTarget) => {
		const element = (target as Element).closest<HTMLElement>("[data-position]");
		const cell = (target as Element).closest<HTMLElement>("[data-column]");
		return element && {
			position: Number(element.dataset["position"]), cell,
			column: cell ? Number(cell.dataset["column"]) : current.column,
		};
	};
	const onClick = (event: React.MouseEvent) => {
		const place = placeOf(event.target);
		if (!place || (event.target as Element).closest("a")) return;
		const { position, column, cell } = place;
		grid.current?.focus({ preventScroll: true });
		if ((event.target as Element).closest("[data-lead]")) toggle(position, event.shiftKey);
		setActive({ row: position, column });
		if ((event.target as Element).closest("[data-more]") && cell)
			onCell({ row: view[position] as number, column, element: cell });
		else if (openRow !== null) onOpen(view[position] as number);
	};
	const inSight = current.row < firstRow + rowCount && (current.row === -1 || current.row >= firstRow)
		&& current.column >= firstColumn && current.column < columnEnd;

	return (
		<div
			ref={grid} role="grid" aria-label={t("hunting.results")} aria-rowcount={view.length + 1} aria-colcount={columns + 1}
			aria-multiselectable="true" aria-readonly="true" tabIndex={0} className={css["grid"]} onKeyDown={onKey}
			{...(inSight ? { "aria-activedescendant": cellId(current.row, current.column) } : {})}
		>
			<div ref={sight.viewport} role="rowgroup" className={css["viewport"]} tabIndex={-1} data-first={firstRow}>
				<div role="presentation" style={{ width: sight.width, height: sight.height }}>
					<div role="presentation" className={css["pane"]} style={{ width: sight.paneWidth, height: sight.paneHeight }}>
						<div role="presentation" className={css["head"]}>
							<div ref={sight.head} role="row" aria-rowindex={1} className={css["headRow"]} style={{ width: sight.width }}>
								<div role="columnheader" aria-colindex={1} className={`${css["lead"]} ${all ? css["selected"] : ""}`}>
									<button
										type="button" tabIndex={-1} className={`plain ${css["all"]}`} aria-pressed={all}
										aria-label={t("hunting.row.all")} onClick={toggleAll}
									>
										<span className={css["box"]} aria-hidden="true" />
									</button>
								</div>
								{answer.columns.slice(firstColumn, columnEnd).map((column, i) => {
									const index = firstColumn + i;
									return (
										<HeadCell
											key={index} column={column} index={index} left={starts[index] as number}
											width={(starts[index + 1] as number) - (starts[index] as number)}
											active={current.row === -1 && current.column === index} order={order}
											filtered={filtered.has(index)} onResize={resize} onOrder={onOrder} onColumn={onColumn}
										/>
									);
								})}
							</div>
						</div>
						<div
							ref={sight.body} role="presentation"
							style={{ width: Math.max(sight.width, sight.paneWidth), "--row": `${ROW_HEIGHT}px` } as CSSProperties}
							onClick={onClick}
							// A range of rows is chosen by Shift, not their texts.
							onMouseDown={(event) => event.shiftKey && event.preventDefault()}
							onDoubleClick={(event) => {
								const place = placeOf(event.target);
								if (place) onOpen(view[place.position] as number);
							}}
							onContextMenu={(event) => {
								const place = placeOf(event.target);
								if (!place?.cell) return;
								event.preventDefault();
								setActive({ row: place.position, column: place.column });
								onCell({ row: view[place.position] as number, column: place.column, element: place.cell });
							}}
						>
							{Array.from({ length: rowCount }, (_, i) => {
								const position = firstRow + i;
								const row = view[position];
								if (row === undefined) return null;
								return (
									<Row
										key={position} answer={answer} position={position} row={row} starts={starts}
										from={firstColumn} to={columnEnd} clock={clock} selected={selected.has(row)}
										open={row === openRow} activeColumn={position === current.row ? current.column : null}
									/>
								);
							})}
						</div>
					</div>
				</div>
			</div>
		</div>
	);
}
