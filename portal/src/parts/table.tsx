// SPDX-License-Identifier: Apache-2.0
/*
 * table.tsx - tables of alerts, incidents, devices: sorted, selected and opened by keyboard too
 *
 * A native table, so that every reader knows it. One row is a stop for Tab; arrows (or j and k) go
 * from row to row, Space selects, Enter opens. It neither fetches nor sorts.
 */
import { Checkbox } from "@fluentui/react-components";
import { ArrowDown12Regular, ArrowUp12Regular } from "@fluentui/react-icons";
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { navigate } from "@/router";
import { useTexts } from "@/text/text";

import css from "./table.module.css";

export interface Column<T> {
	id: string;
	name: string;
	render(row: T): ReactNode;
	/** Name for $orderby; missing: not sortable. */
	sort?: string;
	width?: string;
	/** Its text may take two lines. */
	wraps?: boolean;
	align?: "end";
	/** Its name is only read aloud. */
	hidden?: boolean;
	/** Hidden in windows narrower than 1100 (medium) or 1400 pixels (wide). */
	extra?: "medium" | "wide";
}

export interface Order {
	by: string;
	descending: boolean;
}

interface Selection {
	ids: ReadonlySet<string>;
	change(ids: Set<string>): void;
}

interface TableProps<T> {
	label: string;
	columns: Column<T>[];
	rows: T[];
	idOf(row: T): string;
	nameOf(row: T): string;
	linkOf?(row: T): string;
	order?: Order;
	onOrder?(order: Order): void;
	selection?: Selection;
}

function toggled(ids: ReadonlySet<string>, id: string) {
	const next = new Set(ids);
	if (!next.delete(id)) next.add(id);
	return next;
}

function HeadCell<T>({ column, order, onOrder }: {
	column: Column<T>;
	order: Order | undefined;
	onOrder: ((order: Order) => void) | undefined;
}) {
	const { sort } = column;
	const active = !!sort && order?.by === sort;
	const className = `${css[column.extra ?? ""] ?? ""} ${column.align ? css["end"] : ""}`;
	if (!sort || !onOrder)
		return (
			<th scope="col" className={className}>
				{column.hidden ? <span className="unseen">{column.name}</span> : column.name}
			</th>
		);
	return (
		<th
			scope="col"
			className={className}
			aria-sort={active ? (order.descending ? "descending" : "ascending") : "none"}
		>
			<button
				type="button"
				className={`plain ${css["sort"]}`}
				onClick={() => onOrder({ by: sort, descending: active ? !order.descending : true })}
			>
				{column.name}
				{active && (order.descending
					? <ArrowDown12Regular aria-hidden="true" />
					: <ArrowUp12Regular aria-hidden="true" />)}
			</button>
		</th>
	);
}

export function Table<T>(props: TableProps<T>) {
	const { label, columns, rows, idOf, nameOf, linkOf, order, onOrder, selection } = props;
	const { t } = useTexts();
	const [active, setActive] = useState(0);
	const body = useRef<HTMLTableSectionElement>(null);
	const current = Math.min(active, rows.length - 1);
	const selected = selection ? rows.filter((row) => selection.ids.has(idOf(row))).length : 0;

	const go = (index: number) => {
		const next = Math.max(0, Math.min(rows.length - 1, index));
		setActive(next);
		const row = body.current?.rows[next];
		row?.focus();
		row?.scrollIntoView({ block: "nearest" });
	};
	const onKey = (event: KeyboardEvent, row: T, index: number) => {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const onRow = event.target === event.currentTarget;
		const moves: Record<string, number> = {
			ArrowDown: index + 1, j: index + 1, ArrowUp: index - 1, k: index - 1,
			Home: 0, End: rows.length - 1,
		};
		const next = moves[event.key];
		if (next !== undefined) go(next);
		else if (onRow && event.key === "Enter" && linkOf) navigate(linkOf(row));
		else if (onRow && (event.key === " " || event.key === "x") && selection)
			selection.change(toggled(selection.ids, idOf(row)));
		else return;
		event.preventDefault();
	};

	return (
		<div className={css["scroll"]}>
			<table className={css["table"]} aria-label={label}>
				<colgroup>
					{selection && <col style={{ width: 44 }} />}
					{columns.map((column) => (
						<col
							key={column.id}
							className={css[column.extra ?? ""] ?? ""}
							style={{ width: column.width }}
						/>
					))}
				</colgroup>
				<thead>
					<tr>
						{selection && (
							<th scope="col" className={css["check"]}>
								<Checkbox
									aria-label={t("table.selectAll")}
									checked={selected === 0 ? false : selected === rows.length || "mixed"}
									onChange={() =>
										selection.change(new Set(selected === rows.length ? [] : rows.map(idOf)))
									}
								/>
							</th>
						)}
						{columns.map((column) => (
							<HeadCell key={column.id} column={column} order={order} onOrder={onOrder} />
						))}
					</tr>
				</thead>
				<tbody ref={body}>
					{rows.map((row, index) => {
						const id = idOf(row);
						const chosen = selection?.ids.has(id) ?? false;
						return (
							<tr
								key={id}
								tabIndex={index === current ? 0 : -1}
								className={`${chosen ? css["chosen"] : ""} ${linkOf ? css["opens"] : ""}`}
								{...(selection ? { "aria-selected": chosen } : {})}
								onFocus={() => setActive(index)}
								onKeyDown={(event) => onKey(event, row, index)}
								onClick={(event) => {
									if (!linkOf || (event.target as Element).closest("a, button, input, label")) return;
									if (window.getSelection()?.toString()) return;
									navigate(linkOf(row));
								}}
							>
								{selection && (
									<td className={css["check"]}>
										<Checkbox
											aria-label={t("table.select", { name: nameOf(row) })}
											tabIndex={-1}
											checked={chosen}
											onChange={() => selection.change(toggled(selection.ids, id))}
										/>
									</td>
								)}
								{columns.map((column) => (
									<td
										key={column.id}
										className={`${css[column.extra ?? ""] ?? ""} ${column.align ? css["end"] : ""} ${column.wraps ? css["wraps"] : ""}`}
									>
										{column.render(row)}
									</td>
								))}
							</tr>
						);
					})}
				</tbody>
			</table>
		</div>
	);
}
