// SPDX-License-Identifier: Apache-2.0
/*
 * process-tree.tsx - who started whom, as a graph that unfolds
 *
 * Every process is a real element of the page (a tree item), joined by lines drawn behind: it is
 * read aloud, focused, selected and themed like everything else, which a canvas is not.
 * Right and left unfold and fold or go to child and parent, up and down go to the neighbours.
 */
import { Button, Tooltip } from "@fluentui/react-components";
import {
	Add16Regular, ChevronRight12Filled, ZoomFit20Regular, ZoomIn20Regular, ZoomOut20Regular,
} from "@fluentui/react-icons";
import {
	useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent,
	type PointerEvent,
} from "react";

import { get, withQuery } from "@/api/http";
import type { ProcessNode, ProcessTree } from "@/api/types";
import { ErrorBar } from "@/parts/states";
import { useTexts } from "@/text/text";

import {
	GAP_X, isOpen, makeTree, missingOf, NODE_HEIGHT, NODE_WIDTH, plan, withChildren, withFold,
	type Placed, type Plan, type TreeState,
} from "./model";
import { ProcessDetails } from "./process-details";
import css from "./tree.module.css";

const ZOOM_MIN = 0.4;
const ZOOM_MAX = 1.6;
/** Around the graph, as in the style sheet. */
const PAD = 24;

interface ChildrenPage {
	nodes: ProcessNode[];
	nextCursor: string | null;
}

const keyOf = (item: Placed) => (item.more ? `${item.id}+` : item.id);

function Lines({ plan: { items, width, height } }: { plan: Plan }) {
	const at = new Map(items.filter((i) => !i.more).map((i) => [i.id, i]));
	return (
		<svg className={css["lines"]} width={width} height={height} aria-hidden="true">
			{items.map((item) => {
				const from = item.parent ? at.get(item.parent) : undefined;
				if (!from) return null;
				const x1 = from.x + NODE_WIDTH;
				const y1 = from.y + NODE_HEIGHT / 2;
				const y2 = item.y + NODE_HEIGHT / 2;
				const bend = GAP_X / 2;
				return (
					<path
						key={keyOf(item)}
						d={`M${x1} ${y1}C${x1 + bend} ${y1} ${item.x - bend} ${y2} ${item.x} ${y2}`}
					/>
				);
			})}
		</svg>
	);
}

function useTree(machineId: string, trees: ProcessTree[]) {
	const [state, setState] = useState(() => makeTree(trees));
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState<string | null>(null);
	useEffect(() => setState(makeTree(trees)), [trees]);

	const load = useCallback(async (id: string) => {
		setBusy(id);
		setError(null);
		const base = `/portal/api/machines/${machineId}/processes/${encodeURIComponent(id)}/children`;
		try {
			const page = await get<ChildrenPage>(withQuery(base, { cursor: state.cursors.get(id) }));
			setState((old) => withChildren(old, id, page.nodes, page.nextCursor));
		} catch (e) {
			setError(e);
		}
		setBusy(null);
	}, [machineId, state.cursors]);

	const unfold = useCallback((id: string) => {
		if (state.children.get(id)?.length) setState((old) => withFold(old, id, false));
		else if (missingOf(state, id)) void load(id);
	}, [load, state]);
	const fold = useCallback((id: string) => setState((old) => withFold(old, id, true)), []);
	return { state, error, busy, load, unfold, fold };
}

function Node({ node, item, open, selected, focus, stop, onSelect, onToggle }: {
	node: ProcessNode;
	item: Placed;
	open: boolean;
	selected: boolean;
	focus: boolean;
	stop: boolean;
	onSelect(): void;
	onToggle(): void;
}) {
	const { t } = useTexts();
	const alerts = node.alertIds.length;
	const folds = node.childCount > 0 || open;
	return (
		<div
			role="treeitem"
			data-key={keyOf(item)}
			aria-level={item.level}
			aria-posinset={item.place}
			aria-setsize={item.siblings}
			aria-selected={selected}
			{...(folds ? { "aria-expanded": open } : {})}
			tabIndex={stop ? 0 : -1}
			className={[
				css["node"], selected && css["selected"], focus && css["focus"], alerts && css["alerted"],
			].filter(Boolean).join(" ")}
			style={{ left: item.x, top: item.y, width: NODE_WIDTH, height: NODE_HEIGHT }}
			title={node.commandLine}
			onClick={onSelect}
			onDoubleClick={folds ? onToggle : undefined}
		>
			<div className={css["text"]}>
				<span className={`clip ${css["name"]}`}>{node.fileName || "?"}</span>
				<span className={`clip ${css["sub"]}`}>
					<span className="number">{node.processId}</span>
					{node.accountName && ` · ${node.accountName}`}
					{node.endTime === null && node.startTime !== null && <span className={css["alive"]} />}
				</span>
			</div>
			{alerts > 0 && (
				<span className={css["badge"]} role="img" aria-label={t("tree.alerts", { n: alerts })}>
					<span aria-hidden="true">{alerts}</span>
				</span>
			)}
			{folds && (
				<span
					className={`${css["fold"]} ${open ? css["open"] : ""}`}
					aria-hidden="true"
					onClick={(event) => {
						event.stopPropagation();
						onToggle();
					}}
				>
					{!open && node.childCount > 0 && <small className="number">{node.childCount}</small>}
					<ChevronRight12Filled />
				</span>
			)}
		</div>
	);
}

/** Drags the plane with the mouse; the wheel and the scroll bars work as everywhere. */
function useDrag() {
	const from = useRef<{ x: number; y: number; left: number; top: number } | null>(null);
	return {
		onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
			const plane = event.currentTarget;
			if (event.button !== 0 || (event.target as Element).closest("[role=treeitem]")) return;
			from.current = { x: event.clientX, y: event.clientY, left: plane.scrollLeft, top: plane.scrollTop };
			plane.setPointerCapture(event.pointerId);
		},
		onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
			if (!from.current) return;
			event.currentTarget.scrollLeft = from.current.left - (event.clientX - from.current.x);
			event.currentTarget.scrollTop = from.current.top - (event.clientY - from.current.y);
		},
		onPointerUp: () => {
			from.current = null;
		},
		onPointerCancel: () => {
			from.current = null;
		},
	};
}

function neighbour(items: Placed[], index: number, key: string, state: TreeState) {
	const item = items[index];
	if (!item) return undefined;
	switch (key) {
	case "ArrowDown":
		return items[index + 1];
	case "ArrowUp":
		return items[index - 1];
	case "Home":
		return items[0];
	case "End":
		return items.at(-1);
	case "ArrowLeft":
		return items.find((i) => !i.more && i.id === item.parent);
	case "ArrowRight":
		return !item.more && isOpen(state, item.id) ? items[index + 1] : undefined;
	default:
		return undefined;
	}
}

export function ProcessGraph({ machineId, trees, height = 380 }: {
	machineId: string;
	trees: ProcessTree[];
	height?: number;
}) {
	const { t } = useTexts();
	const { state, error, busy, load, unfold, fold } = useTree(machineId, trees);
	const plane = useRef<HTMLDivElement>(null);
	const [zoom, setZoom] = useState(1);
	const focusId = trees[0]?.focus ?? null;
	const start = focusId && state.nodes.has(focusId) ? focusId : (state.roots[0] ?? null);
	const [selected, setSelected] = useState<string | null>(start);
	const shown = useMemo(() => plan(state), [state]);
	const drag = useDrag();
	const current = shown.items.some((i) => keyOf(i) === selected) ? selected : start;

	// The process it is about comes into sight, not the root.
	useLayoutEffect(() => {
		const view = plane.current;
		const item = shown.items.find((i) => i.id === start && !i.more);
		if (!view || !item) return;
		// In the middle with the column of its children.
		view.scrollLeft = (item.x + NODE_WIDTH + GAP_X / 2) * zoom - view.clientWidth / 2 + PAD;
		view.scrollTop = (item.y + NODE_HEIGHT / 2) * zoom - view.clientHeight / 2 + PAD;
		// eslint-disable-next-line react-hooks/exhaustive-deps -- once for each tree
	}, [trees]);

	const focusOn = (item: Placed | undefined) => {
		if (!item) return;
		setSelected(keyOf(item));
		const element = plane.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(keyOf(item))}"]`);
		element?.focus({ preventScroll: true });
		element?.scrollIntoView({ block: "nearest", inline: "nearest" });
	};
	// "More" goes away when its children are here: the focus goes to the first of them.
	const wanted = useRef<{ parent: string; known: number } | null>(null);
	useLayoutEffect(() => {
		const kids = wanted.current ? (state.children.get(wanted.current.parent) ?? []) : [];
		const fresh = wanted.current ? kids[wanted.current.known] : undefined;
		if (!fresh) return;
		wanted.current = null;
		focusOn(shown.items.find((i) => i.id === fresh && !i.more));
	});
	const loadMore = (id: string) => {
		wanted.current = { parent: id, known: state.children.get(id)?.length ?? 0 };
		void load(id);
	};
	const toggle = (id: string) => (isOpen(state, id) ? fold(id) : unfold(id));
	const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
		const index = shown.items.findIndex((i) => keyOf(i) === current);
		const item = shown.items[index];
		if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
		const open = !item.more && isOpen(state, item.id);
		if (event.key === "Enter" || event.key === " ") {
			if (item.more) loadMore(item.id);
			else toggle(item.id);
		} else if (event.key === "ArrowRight" && !item.more && !open) {
			unfold(item.id);
		} else if (event.key === "ArrowLeft" && open) {
			fold(item.id);
		} else if (/^(Arrow|Home|End)/.test(event.key)) {
			focusOn(neighbour(shown.items, index, event.key, state));
		} else {
			return;
		}
		event.preventDefault();
	};
	const fit = () => {
		const view = plane.current;
		if (!view) return;
		const scale = Math.min((view.clientWidth - 2 * PAD) / shown.width, (view.clientHeight - 2 * PAD) / shown.height, 1);
		setZoom(Math.max(ZOOM_MIN, scale));
	};
	const chosen = current ? state.nodes.get(current) : undefined;

	return (
		<div className={css["tree"]}>
			<ErrorBar error={error} />
			<div className={css["split"]}>
				<div className={css["stage"]} style={{ height }}>
					<div className={css["plane"]} ref={plane} tabIndex={-1} {...drag}>
						<div
							role="tree"
							aria-label={t("tree.title")}
							aria-busy={busy !== null}
							className={css["canvas"]}
							style={{ width: shown.width, height: shown.height, zoom }}
							onKeyDown={onKey}
						>
							<Lines plan={shown} />
							{shown.items.map((item) => {
								const node = state.nodes.get(item.id);
								if (!node) return null;
								if (item.more) {
									return (
										<div
											key={keyOf(item)} role="treeitem" data-key={keyOf(item)}
											aria-level={item.level} aria-posinset={item.place}
											aria-setsize={item.siblings} aria-selected={current === keyOf(item)}
											tabIndex={current === keyOf(item) ? 0 : -1}
											className={`${css["more"]} ${current === keyOf(item) ? css["selected"] : ""}`}
											style={{ left: item.x, top: item.y + 11 }}
											onClick={() => {
												setSelected(keyOf(item));
												loadMore(item.id);
											}}
										>
											<Add16Regular aria-hidden="true" />
											{t("tree.more", { n: item.more })}
										</div>
									);
								}
								return (
									<Node
										key={keyOf(item)} node={node} item={item} open={isOpen(state, item.id)}
										selected={current === item.id} stop={current === item.id}
										focus={item.id === focusId}
										onSelect={() => setSelected(item.id)} onToggle={() => toggle(item.id)}
									/>
								);
							})}
						</div>
					</div>
					<div className={css["zoom"]}>
						<Tooltip content={t("tree.zoomIn")} relationship="label">
							<Button size="small" appearance="subtle" icon={<ZoomIn20Regular />}
								onClick={() => setZoom(Math.min(ZOOM_MAX, zoom * 1.2))} />
						</Tooltip>
						<Tooltip content={t("tree.zoomOut")} relationship="label">
							<Button size="small" appearance="subtle" icon={<ZoomOut20Regular />}
								onClick={() => setZoom(Math.max(ZOOM_MIN, zoom / 1.2))} />
						</Tooltip>
						<Tooltip content={t("tree.fit")} relationship="label">
							<Button size="small" appearance="subtle" icon={<ZoomFit20Regular />} onClick={fit} />
						</Tooltip>
					</div>
				</div>
				{chosen && <ProcessDetails machineId={machineId} node={chosen} />}
			</div>
		</div>
	);
}
