// SPDX-License-Identifier: Apache-2.0
/*
 * schema-tree.tsx - tables and columns that queries may name, what they mean, and which are filled
 *
 * Arrows move and unfold, Enter puts the name into the query. What the active entry means stands
 * below the tree.
 */
import { SearchBox, Tooltip } from "@fluentui/react-components";
import { ChevronDown12Regular, ChevronRight12Regular, Table16Regular, TextAdd20Regular } from "@fluentui/react-icons";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";

import { loadSchema, type HuntingSchema, type SchemaColumn, type SchemaTable } from "@/api/hunting";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { useTexts } from "@/text/text";

import css from "./side.module.css";

interface Item {
	id: string;
	table: SchemaTable;
	column: SchemaColumn | null;
	open: boolean;
}

export function useSchema() {
	const [schema, setSchema] = useState<HuntingSchema | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [round, setRound] = useState(0);
	useEffect(() => {
		let here = true;
		loadSchema().then((s) => here && setSchema(s), (e: unknown) => here && setError(e));
		return () => {
			here = false;
		};
	}, [round]);
	return {
		schema, error,
		retry: () => {
			setError(null);
			setRound((n) => n + 1);
		},
	};
}

/** What is in sight: filled tables first; with a search only what matches, unfolded. */
function itemsOf(schema: HuntingSchema, open: ReadonlySet<string>, search: string): Item[] {
	const words = search.trim().toLowerCase();
	const items: Item[] = [];
	const tables = [...schema.tables].sort((a, b) => Number(b.filled) - Number(a.filled) || (a.name < b.name ? -1 : 1));
	for (const table of tables) {
		const named = table.name.toLowerCase().includes(words);
		const found = words ? table.columns.filter((c) => c.name.toLowerCase().includes(words)) : table.columns;
		if (words && !named && found.length === 0) continue;
		const unfolded = open.has(table.name) !== (words !== "" && found.length > 0 && !named);
		items.push({ id: table.name, table, column: null, open: unfolded });
		if (!unfolded) continue;
		for (const column of words && found.length ? found : table.columns)
			items.push({ id: `${table.name}.${column.name}`, table, column, open: false });
	}
	return items;
}

function About({ item }: { item: Item | undefined }) {
	const { t } = useTexts();
	if (!item) return null;
	const { table, column } = item;
	const filled = column ? column.filled : table.filled;
	return (
		<div className={css["about"]} id="schema-about">
			<b>{column ? column.name : table.name}</b>
			{column && <span className="muted"> {column.type}</span>}
			{!filled && <span className={css["unfilled"]}>{t("hunting.schema.unfilled")}</span>}
			<p>{(column ? column.description : table.description) || t("hunting.schema.noDocs")}</p>
		</div>
	);
}

function Entry({ item, active, onActivate, onToggle, onInsert }: {
	item: Item;
	active: boolean;
	onActivate(): void;
	onToggle(): void;
	onInsert(): void;
}) {
	const { t } = useTexts();
	const { table, column, open } = item;
	const filled = column ? column.filled : table.filled;
	return (
		<li
			role="treeitem" aria-level={column ? 2 : 1} {...(column ? {} : { "aria-expanded": open })} aria-selected={active}
			data-item={item.id} tabIndex={active ? 0 : -1} {...(active ? { "aria-describedby": "schema-about" } : {})}
			className={`${css["item"]} ${column ? css["column"] : css["table"]} ${filled ? "" : css["dim"]} ${active ? css["activeItem"] : ""}`}
			onFocus={onActivate} onMouseDown={(event) => event.detail > 1 && event.preventDefault()}
			onClick={() => {
				onActivate();
				if (column) onInsert();
				else onToggle();
			}}
		>
			{column === null && (open ? <ChevronDown12Regular aria-hidden="true" /> : <ChevronRight12Regular aria-hidden="true" />)}
			{column === null && <Table16Regular aria-hidden="true" />}
			<span className="clip">{column ? column.name : table.name}</span>
			{column && <span className={css["type"]}>{column.type}</span>}
			{!filled && <span className="unseen">{t("hunting.schema.unfilled")}</span>}
			{column === null && (
				<Tooltip content={t("hunting.schema.insert")} relationship="description">
					<span
						className={css["insert"]} aria-hidden="true"
						onClick={(event) => {
							event.stopPropagation();
							onInsert();
						}}
					>
						<TextAdd20Regular />
					</span>
				</Tooltip>
			)}
		</li>
	);
}

export function SchemaTree({ onInsert }: { onInsert(text: string): void }) {
	const { t } = useTexts();
	const { schema, error, retry } = useSchema();
	const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
	const [search, setSearch] = useState("");
	const [activeId, setActiveId] = useState("");
	const list = useRef<HTMLUListElement>(null);
	const items = useMemo(() => (schema ? itemsOf(schema, open, search) : []), [schema, open, search]);
	const at = Math.max(0, items.findIndex((i) => i.id === activeId));
	const active = items[at];

	const toggle = (name: string) =>
		setOpen((old) => {
			const next = new Set(old);
			if (!next.delete(name)) next.add(name);
			return next;
		});
	const go = (index: number) => {
		const item = items[Math.max(0, Math.min(items.length - 1, index))];
		if (!item) return;
		setActiveId(item.id);
		const element = list.current?.querySelector<HTMLElement>(`[data-item="${CSS.escape(item.id)}"]`);
		element?.focus();
		element?.scrollIntoView({ block: "nearest" });
	};
	const onKey = (event: KeyboardEvent) => {
		if (!active || event.altKey || event.ctrlKey || event.metaKey) return;
		const { table, column } = active;
		if (event.key === "ArrowDown") go(at + 1);
		else if (event.key === "ArrowUp") go(at - 1);
		else if (event.key === "Home") go(0);
		else if (event.key === "End") go(items.length - 1);
		else if (event.key === "ArrowRight" && !column) active.open ? go(at + 1) : toggle(table.name);
		else if (event.key === "ArrowLeft" && column) go(items.findIndex((i) => i.id === table.name));
		else if (event.key === "ArrowLeft" && active.open) toggle(table.name);
		else if (event.key === "Enter") onInsert(column ? column.name : table.name);
		else return;
		event.preventDefault();
	};

	return (
		<div className={css["body"]}>
			<div className={css["search"]}>
				<SearchBox
					size="small" aria-label={t("hunting.schema.search")} placeholder={t("hunting.schema.search")}
					value={search} onChange={(_, data) => setSearch(data.value)}
				/>
			</div>
			<ErrorBar error={error} retry={retry} />
			{!schema && !error && <Lines rows={8} height={26} />}
			{schema && items.length === 0 && <Empty title={t("hunting.schema.none")} />}
			{items.length > 0 && (
				<ul ref={list} role="tree" aria-label={t("hunting.schema")} className={css["tree"]} onKeyDown={onKey}>
					{items.map((item) => (
						<Entry
							key={item.id} item={item} active={item === active} onActivate={() => setActiveId(item.id)}
							onToggle={() => toggle(item.table.name)}
							onInsert={() => onInsert(item.column ? item.column.name : item.table.name)}
						/>
					))}
				</ul>
			)}
			<About item={active} />
		</div>
	);
}
