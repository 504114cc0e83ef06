// SPDX-License-Identifier: Apache-2.0
/*
 * tabs.ts - the queries that are open, kept over reload in this browser, apart for each person
 *
 * Results are not kept: they are the server's, and may be large.
 */
import { useCallback, useEffect, useReducer, useRef } from "react";

export interface Tab {
	id: string;
	/** Of the person's choosing, or the kept query's; empty: named by its number. */
	name: string;
	number: number;
	text: string;
	/** The kept query that it shows, and that one's text as it was last kept. */
	keptId: string | null;
	keptText: string;
}

interface State {
	tabs: Tab[];
	active: string;
	/** The last one that was to be opened had no room. */
	refused?: boolean;
}

const TABS_MAX = 20;
/** Of all texts; browsers give five megabytes. */
const TEXT_MAX = 1_000_000;
const WRITE_MS = 400;

export type NewTab = Partial<Pick<Tab, "name" | "text" | "keptId" | "keptText">>;

type Action =
	| { kind: "open"; tab: NewTab }
	| { kind: "close"; id: string }
	| { kind: "activate"; id: string }
	| { kind: "dismiss" }
	| { kind: "change"; id: string; change: Partial<Tab> };

function make(tabs: Tab[], { name = "", text = "", keptId = null, keptText = "" }: NewTab): Tab {
	const taken = new Set(tabs.map((t) => t.number));
	let number = 1;
	while (taken.has(number)) number++;
	return { id: crypto.randomUUID(), name, number, text, keptId, keptText };
}

function close(state: State, id: string): State {
	const at = state.tabs.findIndex((t) => t.id === id);
	const left = state.tabs.filter((t) => t.id !== id);
	const tabs = left.length ? left : [make([], {})];
	const next = tabs[Math.min(at, tabs.length - 1)] as Tab;
	return { tabs, active: state.active === id ? next.id : state.active };
}

/** Those beside which another is opened: one that nothing was written in makes room. */
function stayingOf({ tabs, active }: State) {
	return tabs.filter((t) => t.id !== active || t.text.trim() || t.keptId);
}

function open(state: State, wanted: NewTab): State {
	const { tabs } = state;
	const same = wanted.keptId && tabs.find((t) => t.keptId === wanted.keptId);
	if (same) return { tabs, active: same.id };
	const staying = stayingOf(state);
	if (staying.length >= TABS_MAX) return { ...state, refused: true };
	const tab = make(tabs, wanted);
	return { tabs: [...staying, tab], active: tab.id };
}

function reduce(state: State, action: Action): State {
	switch (action.kind) {
		case "open":
			return open(state, action.tab);
		case "close":
			return close(state, action.id);
		case "activate":
			return { tabs: state.tabs, active: action.id };
		case "dismiss":
			return { ...state, refused: false };
		case "change":
			return {
				...state,
				tabs: state.tabs.map((t) => (t.id === action.id ? { ...t, ...action.change } : t)),
			};
	}
}

function isTab(value: unknown): value is Tab {
	const tab = value as Tab | null;
	return typeof tab?.id === "string" && typeof tab.text === "string" && typeof tab.name === "string"
		&& typeof tab.number === "number" && typeof tab.keptText === "string";
}

function read(key: string): State {
	try {
		const stored = JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<State>;
		const tabs = (stored.tabs ?? []).filter(isTab).slice(0, TABS_MAX);
		if (tabs.length) {
			const active = tabs.find((t) => t.id === stored.active) ?? tabs[0];
			return { tabs, active: (active as Tab).id };
		}
	} catch {
		// What is no longer to be read is begun anew.
	}
	const tab = make([], {});
	return { tabs: [tab], active: tab.id };
}

function write(key: string, state: State) {
	let left = TEXT_MAX;
	const tabs = state.tabs.filter((t) => (left -= t.text.length + t.keptText.length) >= 0);
	try {
		localStorage.setItem(key, JSON.stringify({ tabs, active: state.active }));
	} catch {
		// A browser that is full keeps what it has.
	}
}

export function useTabs(userId: string) {
	const key = `vakt.hunting.${userId}`;
	const [state, act] = useReducer(reduce, key, read);
	const latest = useRef(state);
	latest.current = state;
	useEffect(() => {
		const timer = setTimeout(() => write(key, state), WRITE_MS);
		return () => clearTimeout(timer);
	}, [key, state]);
	useEffect(() => {
		const leave = () => write(key, latest.current);
		window.addEventListener("pagehide", leave);
		return () => {
			window.removeEventListener("pagehide", leave);
			leave();
		};
	}, [key]);
	const active = state.tabs.find((t) => t.id === state.active) ?? (state.tabs[0] as Tab);
	return {
		tabs: state.tabs,
		active,
		full: stayingOf(state).length >= TABS_MAX,
		refused: state.refused === true,
		dismiss: useCallback(() => act({ kind: "dismiss" }), []),
		open: useCallback((tab: NewTab) => act({ kind: "open", tab }), []),
		close: useCallback((id: string) => act({ kind: "close", id }), []),
		activate: useCallback((id: string) => act({ kind: "activate", id }), []),
		change: useCallback((id: string, change: Partial<Tab>) => act({ kind: "change", id, change }), []),
	};
}
