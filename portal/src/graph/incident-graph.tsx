// SPDX-License-Identifier: Apache-2.0
/*
 * incident-graph.tsx - the entities of an incident as a graph that unfolds
 *
 * As in the process tree every entity is a real element of the page with lines behind. One of them
 * is a stop for Tab: up and down stay in the column, left and right follow a line, Enter unfolds.
 */
import {
	Add16Regular, ChevronRight12Filled, Document20Regular, Globe20Regular, Person20Regular, Server20Regular,
	WindowConsole20Regular, type FluentIcon,
} from "@fluentui/react-icons";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";

import { pageOf, type EntityRef } from "@/api/entities";
import type { Incident } from "@/api/types";
import { Link } from "@/router";
import { useTexts, type PlainKey } from "@/text/text";

import css from "./graph.module.css";
import {
	COLUMN_STEP, COLUMNS, firstOpen, graphOf, NODE_HEIGHT, planeOf, type Graph, type GraphNode,
	type NodeKind, type Placed, type Plane,
} from "./model";

const ICONS: Record<NodeKind, FluentIcon> = {
	device: Server20Regular, user: Person20Regular, process: WindowConsole20Regular, file: Document20Regular,
	ip: Globe20Regular, domain: Globe20Regular,
};
const HEADS: PlainKey[] = ["nav.devices", "graph.users", "graph.processes", "graph.touched"];

function Lines({ plane, selected }: { plane: Plane; selected: string | null }) {
	const bend = plane.gap / 2;
	return (
		<svg className={css["lines"]} width={plane.width} height={plane.height} aria-hidden="true">
			{plane.lines.map(({ from, to }) => {
				const x = from.x + plane.nodeWidth;
				const y1 = from.y + NODE_HEIGHT / 2;
				const y2 = to.y + NODE_HEIGHT / 2;
				const lit = selected === from.node.id || selected === to.node.id;
				return (
					<path
						key={`${from.node.id} ${to.node.id}`} className={lit ? css["lit"] : ""}
						d={`M${x} ${y1}C${x + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`}
					/>
				);
			})}
		</svg>
	);
}

function refOf({ kind, value }: GraphNode): EntityRef | null {
	if (!value || kind === "device") return null;
	return { kind: kind === "process" ? "file" : kind, value };
}

function Details({ node }: { node: GraphNode }) {
	const { t, named } = useTexts();
	const entity = refOf(node);
	const to = node.kind === "device" ? `/devices/${node.machineId}` : entity && pageOf(entity);
	return (
		<div className={css["details"]}>
			<div className="grow">
				<b className="wrap">{node.name}</b>{" "}
				<span className="muted">
					{named("graphKind", node.kind)} · {t("tree.alerts", { n: node.alerts.size })}
				</span>
				{node.detail && <code className="mono wrap">{node.detail}</code>}
			</div>
			{to && <span className={css["links"]}><Link to={to}>{t(node.kind === "process" ? "graph.openFile" : "graph.open")}</Link></span>}
		</div>
	);
}

function NodeButton({ item, width, graph, open, selected, stop, select, toggle }: {
	item: Placed;
	width: number;
	graph: Graph;
	open: boolean;
	selected: boolean;
	stop: boolean;
	select(): void;
	toggle(): void;
}) {
	const { named } = useTexts();
	const { node } = item;
	const count = graph.children.get(node.id)?.size ?? 0;
	const Icon = ICONS[node.kind];
	return (
		<button
			type="button" data-node={node.id} tabIndex={stop ? 0 : -1} title={node.detail || node.name}
			{...(count ? { "aria-expanded": open } : {})} {...(selected ? { "aria-current": true } : {})}
			className={`plain ${css["node"]} ${selected ? css["selected"] : ""}`}
			style={{ left: item.x, top: item.y, width, height: NODE_HEIGHT }}
			onClick={(event) => {
				select();
				if ((event.target as Element).closest("[data-fold]")) toggle();
			}}
		>
			<span className={css["icon"]}><Icon aria-hidden="true" /></span>
			<span className={css["text"]}>
				<span className="unseen">{named("graphKind", node.kind)}: </span>
				<span className={`clip ${css["name"]}`}>{node.name}</span>
				{node.detail && <span className={`clip ${css["sub"]}`}>{node.detail}</span>}
			</span>
			{count > 0 && (
				<span data-fold className={`${css["fold"]} ${open ? css["open"] : ""}`} aria-hidden="true">
					{!open && <span className="number">{count}</span>}
					<ChevronRight12Filled />
				</span>
			)}
		</button>
	);
}

/** Where an arrow leads from a node. */
function neighbour(plane: Plane, item: Placed, key: string): Placed | undefined {
	const column = plane.items.filter((i) => i.column === item.column);
	const place = column.indexOf(item);
	switch (key) {
	case "ArrowDown":
		return column[place + 1];
	case "ArrowUp":
		return column[place - 1];
	case "ArrowLeft":
		return plane.lines.find(({ to }) => to === item)?.from;
	case "ArrowRight":
		return plane.lines.find(({ from }) => from === item)?.to;
	case "Home":
		return plane.items[0];
	case "End":
		return plane.items.at(-1);
	default:
		return undefined;
	}
}

function toggled(open: ReadonlySet<string>, id: string) {
	const next = new Set(open);
	if (!next.delete(id)) next.add(id);
	return next;
}

export function IncidentGraph({ incident }: { incident: Incident }) {
	const { t } = useTexts();
	const graph = useMemo(() => graphOf(incident), [incident]);
	const [open, setOpen] = useState<ReadonlySet<string>>(() => firstOpen(graph));
	const [shown, setShown] = useState<readonly number[]>(() => Array.from({ length: COLUMNS }, () => COLUMN_STEP));
	const [selected, setSelected] = useState<string | null>(null);
	const stage = useRef<HTMLDivElement>(null);
	const plane = useMemo(() => planeOf(graph, open, shown), [graph, open, shown]);
	const current = plane.items.find((i) => i.node.id === selected) ?? plane.items[0];

	const focusOn = ({ node }: Placed) => {
		setSelected(node.id);
		stage.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(node.id)}"]`)?.focus();
	};
	const onKey = (event: KeyboardEvent) => {
		const id = (event.target as HTMLElement).dataset["node"];
		const item = plane.items.find((i) => i.node.id === id);
		if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
		const folds = (graph.children.get(item.node.id)?.size ?? 0) > 0;
		if (folds && (event.key === "Enter" || event.key === " " || (event.key === "ArrowRight" && !open.has(item.node.id)))) {
			setSelected(item.node.id);
			setOpen(toggled(open, item.node.id));
		} else {
			const to = neighbour(plane, item, event.key);
			if (!to) return;
			focusOn(to);
		}
		event.preventDefault();
	};
	return (
		<>
			<div className={css["stage"]} ref={stage}>
				<div className={css["heads"]} style={{ width: plane.width }}>
					{plane.columns.map((column, place) => (
						<span key={column} style={{ left: place * (plane.nodeWidth + plane.gap) }}>{t(HEADS[column] ?? "graph.touched")}</span>
					))}
				</div>
				<div
					role="group" aria-label={t("graph.title")} className={css["plane"]} onKeyDown={onKey}
					style={{ width: plane.width, height: plane.height }}
				>
					<Lines plane={plane} selected={selected} />
					{plane.items.map((item) => (
						<NodeButton
							key={item.node.id} item={item} width={plane.nodeWidth} graph={graph} open={open.has(item.node.id)}
							selected={item.node.id === selected} stop={item === current}
							select={() => setSelected(item.node.id)} toggle={() => setOpen(toggled(open, item.node.id))}
						/>
					))}
					{plane.more.map(({ column, left, x, y }) => (
						<button
							key={column} type="button" className={`plain ${css["more"]}`} style={{ left: x, top: y }}
							onClick={() => setShown(shown.map((n, i) => (i === column ? n + COLUMN_STEP * 2 : n)))}
						>
							<Add16Regular aria-hidden="true" />{t("tree.more", { n: left })}
						</button>
					))}
				</div>
			</div>
			{current && <Details node={current.node} />}
		</>
	);
}
