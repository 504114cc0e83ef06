// SPDX-License-Identifier: Apache-2.0
/*
 * model.ts - which processes are known, which are unfolded, and where they stand on the plane
 *
 * Pure: no React, no network. Left to right: a parent stands before its children, at the middle of
 * their height. Time and memory are linear in what is shown.
 */
import type { ProcessNode, ProcessTree } from "@/api/types";

export const NODE_WIDTH = 214;
export const NODE_HEIGHT = 54;
export const GAP_X = 44;
export const GAP_Y = 14;
/** Beyond this a tree is no picture any more; the timeline shows the rest. */
export const SHOWN_MAX = 2000;

export interface TreeState {
	nodes: ReadonlyMap<string, ProcessNode>;
	/** In the order in which they came. */
	children: ReadonlyMap<string, readonly string[]>;
	roots: readonly string[];
	folded: ReadonlySet<string>;
	/** Where the next children of a process are; null: all are here. Missing: not asked yet. */
	cursors: ReadonlyMap<string, string | null>;
}

function indexed(nodes: ReadonlyMap<string, ProcessNode>) {
	const children = new Map<string, string[]>();
	const roots: string[] = [];
	for (const node of nodes.values()) {
		const parent = node.parentUniqueId;
		if (parent && parent !== node.uniqueId && nodes.has(parent)) {
			const list = children.get(parent);
			if (list) list.push(node.uniqueId);
			else children.set(parent, [node.uniqueId]);
		} else {
			roots.push(node.uniqueId);
		}
	}
	return { children, roots };
}

export function makeTree(trees: ProcessTree[]): TreeState {
	const nodes = new Map<string, ProcessNode>();
	for (const tree of trees) {
		for (const node of tree.nodes) {
			const known = nodes.get(node.uniqueId);
			const alertIds = [...new Set([...(known?.alertIds ?? []), ...(node.alertIds ?? [])])];
			nodes.set(node.uniqueId, { ...node, alertIds });
		}
	}
	return { nodes, ...indexed(nodes), folded: new Set(), cursors: new Map() };
}

export function withChildren(
	state: TreeState, parent: string, fresh: ProcessNode[], cursor: string | null,
): TreeState {
	const nodes = new Map(state.nodes);
	for (const node of fresh)
		if (!nodes.has(node.uniqueId)) nodes.set(node.uniqueId, { ...node, parentUniqueId: parent });
	const folded = new Set(state.folded);
	folded.delete(parent);
	return {
		nodes, ...indexed(nodes), folded, cursors: new Map(state.cursors).set(parent, cursor),
	};
}

export function withFold(state: TreeState, id: string, fold: boolean): TreeState {
	const folded = new Set(state.folded);
	if (fold) folded.add(id);
	else folded.delete(id);
	return { ...state, folded };
}

/** Children that are there but not known here. */
export function missingOf(state: TreeState, id: string): number {
	if (state.cursors.get(id) === null) return 0;
	const known = state.children.get(id)?.length ?? 0;
	return Math.max(0, (state.nodes.get(id)?.childCount ?? 0) - known);
}

export function isOpen(state: TreeState, id: string): boolean {
	return !state.folded.has(id) && (state.children.get(id)?.length ?? 0) > 0;
}

export interface Placed {
	/** Of the process, or of the parent whose further children a "more" stands for. */
	id: string;
	more: number;
	parent: string | null;
	level: number;
	place: number;
	siblings: number;
	x: number;
	y: number;
}

export interface Plan {
	items: Placed[];
	width: number;
	height: number;
}

export function plan(state: TreeState): Plan {
	const items: Placed[] = [];
	let row = 0;
	let depth = 0;

	const put = (id: string, parent: string | null, level: number, place: number, siblings: number) => {
		const item: Placed = {
			id, more: 0, parent, level, place, siblings, y: 0, x: (level - 1) * (NODE_WIDTH + GAP_X),
		};
		items.push(item);
		depth = Math.max(depth, level);
		const kids = isOpen(state, id) ? (state.children.get(id) ?? []) : [];
		const missing = kids.length ? missingOf(state, id) : 0;
		const count = kids.length + (missing ? 1 : 0);
		const heights: number[] = [];
		for (const [i, kid] of kids.entries()) {
			if (items.length >= SHOWN_MAX) break;
			heights.push(put(kid, id, level + 1, i + 1, count));
		}
		if (missing) {
			const y = row++ * (NODE_HEIGHT + GAP_Y);
			items.push({
				id, more: missing, parent: id, level: level + 1, place: count, siblings: count, y,
				x: level * (NODE_WIDTH + GAP_X),
			});
			depth = Math.max(depth, level + 1);
			heights.push(y);
		}
		const first = heights[0];
		const last = heights.at(-1);
		item.y = first === undefined || last === undefined
			? row++ * (NODE_HEIGHT + GAP_Y)
			: (first + last) / 2;
		return item.y;
	};
	state.roots.forEach((root, i) => put(root, null, 1, i + 1, state.roots.length));
	return {
		items,
		width: Math.max(1, depth) * (NODE_WIDTH + GAP_X) - GAP_X,
		height: Math.max(1, row) * (NODE_HEIGHT + GAP_Y) - GAP_Y,
	};
}
