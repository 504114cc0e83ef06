// SPDX-License-Identifier: Apache-2.0
/*
 * model.ts - the entities of an incident, which leads to which, and where they stand on the plane
 *
 * Pure. From the left: devices, users on them, their processes, and what those touched. An entity
 * that several processes touched is one node. The steps of the stories tell who touched what; what
 * only stands in the evidence hangs at its alert's process, or its device.
 */
import type { Alert, Evidence, Incident, StoryStep } from "@/api/types";

export const NODE_HEIGHT = 46;
export const GAP_Y = 10;
/** Nodes of a column that are shown before "more" is asked for, and by each asking. */
export const COLUMN_STEP = 8;
/** With more than these the processes begin folded. */
const LEAVES_OPEN_MAX = 12;

/** The whole width of the page's column is used and no more. */
const ROOMY = { node: 220, gap: 56 };
const NARROW = { node: 166, gap: 40 };

export type NodeKind = "device" | "user" | "process" | "file" | "ip" | "domain";
const COLUMN: Record<NodeKind, number> = { device: 0, user: 1, process: 2, file: 3, ip: 3, domain: 3 };
export const COLUMNS = 4;

export interface GraphNode {
	id: string;
	kind: NodeKind;
	name: string;
	detail: string;
	/** What its page is about: a device's id, a hash, an address, a name. */
	value: string | null;
	machineId: string;
	alerts: Set<string>;
}

export interface Graph {
	nodes: Map<string, GraphNode>;
	/** From the left to the right. */
	children: Map<string, Set<string>>;
}

const baseOf = (path: string) => path.split("/").filter(Boolean).at(-1) ?? path;
const pathOf = (e: Evidence) => [e.filePath, e.fileName].filter(Boolean).join("/").replace("//", "/");

/** "192.0.2.7:443" and "[2001:db8::9]:443" without the port. */
export function hostOf(remote: string) {
	return /^\[(.+)\](:\d+)?$/.exec(remote)?.[1] ?? remote.replace(/^([^:]+):\d+$/, "$1");
}

class Builder {
	graph: Graph = { nodes: new Map(), children: new Map() };

	put(alert: Alert, kind: NodeKind, key: string, more: Partial<GraphNode> & { name: string }) {
		const id = `${kind} ${key}`;
		const known = this.graph.nodes.get(id);
		const node = known ?? {
			id, kind, detail: "", value: null, machineId: alert.machineId, alerts: new Set<string>(), ...more,
		};
		node.value ??= more.value ?? null;
		node.alerts.add(alert.id);
		this.graph.nodes.set(id, node);
		return id;
	}

	join(from: string, to: string) {
		const of = this.graph.children.get(from) ?? new Set();
		this.graph.children.set(from, of.add(to));
	}

	device(alert: Alert) {
		const { machineId } = alert;
		return this.put(alert, "device", machineId, { name: alert.computerDnsName ?? machineId, value: machineId });
	}

	/** Through its user, where that is known. */
	process(alert: Alert, device: string, key: string, about: { name: string; detail: string; value?: string | null; account?: string | null }) {
		const { account } = about;
		const id = this.put(alert, "process", `${alert.machineId} ${key}`, {
			name: about.name, detail: about.detail, value: about.value ?? null,
		});
		if (!account) {
			this.join(device, id);
			return id;
		}
		const user = this.put(alert, "user", account, { name: account, value: account });
		this.join(device, user);
		this.join(user, id);
		return id;
	}

	step(alert: Alert, device: string, step: StoryStep) {
		const { process } = step;
		if (!process) return null;
		const program = alert.evidence?.find((e) =>
			e.entityType === "Process" && Number(e.processId) === Number(process.processId) && e.fileName === process.fileName);
		const id = this.process(alert, device, process.uniqueId, {
			name: process.fileName || "?", detail: process.commandLine ?? "", value: program?.sha256 ?? null,
			account: process.accountName ?? null,
		});
		if (step.file && step.actionType !== "ProcessCreated") this.join(id, this.file(alert, step.file, null));
		if (step.remote) this.join(id, this.address(alert, hostOf(step.remote)));
		return id;
	}

	file(alert: Alert, path: string, hash: string | null) {
		return this.put(alert, "file", path, { name: baseOf(path), detail: path, value: hash });
	}

	address(alert: Alert, ip: string) {
		return this.put(alert, "ip", ip, { name: ip, value: ip });
	}

	evidence(alert: Alert, device: string, at: string, e: Evidence, byStory: boolean) {
		if (e.entityType === "File") this.join(at, this.file(alert, pathOf(e), e.sha256 ?? e.sha1 ?? null));
		else if (e.entityType === "Ip" && e.ipAddress) this.join(at, this.address(alert, e.ipAddress));
		else if (e.url) this.join(at, this.put(alert, "domain", e.url, { name: e.url, value: e.url }));
		else if (e.entityType === "User" && e.accountName)
			this.join(device, this.put(alert, "user", e.accountName, { name: e.accountName, value: e.accountName }));
		else if (e.entityType === "Process" && !byStory)
			this.process(alert, device, `${e.processId ?? ""} ${e.fileName ?? ""}`, {
				name: e.fileName ?? "?", detail: e.processCommandLine ?? pathOf(e), value: e.sha256 ?? null,
				account: e.accountName ?? null,
			});
	}
}

export function graphOf(incident: Incident): Graph {
	const builder = new Builder();
	for (const alert of incident.alerts) {
		if (!alert.machineId) continue;
		const device = builder.device(alert);
		const matched = (alert.story?.steps ?? []).filter((s) => s.matched);
		const processes = matched.map((s) => builder.step(alert, device, s)).filter((id) => id !== null);
		const at = processes[0] ?? device;
		for (const e of alert.evidence ?? []) builder.evidence(alert, device, at, e, processes.length > 0);
	}
	return builder.graph;
}

/** Nodes that begin unfolded. */
export function firstOpen({ nodes }: Graph): Set<string> {
	const all = [...nodes.values()];
	const few = all.filter((n) => COLUMN[n.kind] === COLUMNS - 1).length <= LEAVES_OPEN_MAX;
	return new Set(all.filter((n) => n.kind !== "process" || few).map((n) => n.id));
}

export interface Placed {
	node: GraphNode;
	column: number;
	x: number;
	y: number;
}

export interface More {
	column: number;
	left: number;
	x: number;
	y: number;
}

export interface Plane {
	items: Placed[];
	more: More[];
	lines: { from: Placed; to: Placed }[];
	width: number;
	height: number;
	/** Columns that have anything, in order. */
	columns: number[];
	nodeWidth: number;
	gap: number;
}

/** What unfolded nodes lead to, from the devices on, each column as far as it may. */
export function planeOf(graph: Graph, open: ReadonlySet<string>, shown: readonly number[]): Plane {
	const reached = new Set<string>();
	const queue = [...graph.nodes.values()].filter((n) => n.kind === "device").map((n) => n.id);
	for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
		if (reached.has(id)) continue;
		reached.add(id);
		if (open.has(id)) queue.push(...(graph.children.get(id) ?? []));
	}
	const lists = Array.from({ length: COLUMNS }, (): GraphNode[] => []);
	for (const node of graph.nodes.values()) if (reached.has(node.id)) lists[COLUMN[node.kind]]?.push(node);
	const columns = lists.map((list, i) => (list.length ? i : -1)).filter((i) => i >= 0);
	const counts = lists.map((list, i) => Math.min(list.length, shown[i] ?? COLUMN_STEP));
	const rows = Math.max(1, ...counts.map((n, i) => n + ((lists[i]?.length ?? 0) > n ? 1 : 0)));
	const { node: nodeWidth, gap } = columns.length < COLUMNS ? ROOMY : NARROW;
	const height = rows * (NODE_HEIGHT + GAP_Y) - GAP_Y;
	const items: Placed[] = [];
	const more: More[] = [];
	columns.forEach((column, place) => {
		const list = lists[column] ?? [];
		const count = counts[column] ?? 0;
		const left = list.length - count;
		const taken = (count + (left ? 1 : 0)) * (NODE_HEIGHT + GAP_Y) - GAP_Y;
		const top = (height - taken) / 2;
		const x = place * (nodeWidth + gap);
		list.slice(0, count).forEach((node, i) => items.push({ node, column, x, y: top + i * (NODE_HEIGHT + GAP_Y) }));
		if (left) more.push({ column, left, x, y: top + count * (NODE_HEIGHT + GAP_Y) + 7 });
	});
	const at = new Map(items.map((item) => [item.node.id, item]));
	const lines = items.flatMap((from) => open.has(from.node.id)
		? [...(graph.children.get(from.node.id) ?? [])].flatMap((id) => at.get(id) ?? []).map((to) => ({ from, to }))
		: []);
	const width = Math.max(1, columns.length) * (nodeWidth + gap) - gap;
	return { items, more, lines, columns, nodeWidth, gap, height, width };
}
