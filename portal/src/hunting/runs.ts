// SPDX-License-Identifier: Apache-2.0
/*
 * runs.ts - what runs and what came of it, for each open query
 *
 * Lives as long as the page is loaded, so that one finds the rows again after a look at a device. Of
 * another person nothing is left: the owner is part of the key.
 */
import { useCallback, useSyncExternalStore } from "react";

import { cancelRun, diagnosticsOf, runQuery, type Diagnostic, type RunAnswer } from "@/api/hunting";

export type Run =
	| { state: "running"; id: string; since: number; cancelling: boolean }
	| { state: "done"; answer: RunAnswer; milliseconds: number }
	| { state: "cancelled" }
	/** text and start: the part of the document that was run. */
	| { state: "failed"; error: unknown; diagnostics: readonly Diagnostic[]; text: string; start: number };

/** Results that are kept; each may be large. */
const RESULTS_MAX = 6;

class Runs {
	private runs = new Map<string, Run>();
	private aborts = new Map<string, AbortController>();
	private listeners = new Set<() => void>();
	private owner = "";
	version = 0;

	subscribe = (listener: () => void) => {
		this.listeners.add(listener);
		return () => this.listeners.delete(listener);
	};

	own(owner: string) {
		if (this.owner === owner) return;
		for (const tab of this.aborts.keys()) this.close(tab);
		this.runs.clear();
		this.owner = owner;
	}

	get(tab: string) {
		return this.runs.get(tab);
	}

	private set(tab: string, run: Run) {
		this.runs.delete(tab);
		this.runs.set(tab, run); // the newest last
		const done = [...this.runs].filter(([, r]) => r.state === "done");
		for (const [old] of done.slice(0, Math.max(0, done.length - RESULTS_MAX))) this.runs.delete(old);
		this.tell();
	}

	private tell() {
		this.version++;
		for (const listener of this.listeners) listener();
	}

	async start(tab: string, text: string, start: number) {
		const id = crypto.randomUUID();
		const abort = new AbortController();
		this.aborts.set(tab, abort);
		const since = performance.now();
		this.set(tab, { state: "running", id, since, cancelling: false });
		const mine = () => this.aborts.get(tab) === abort;
		try {
			const answer = await runQuery(text, id, abort.signal);
			if (mine()) this.set(tab, { state: "done", answer, milliseconds: performance.now() - since });
		} catch (error) {
			if (!mine()) return;
			const cancelled = abort.signal.aborted || (error as { code?: string }).code === "Cancelled";
			this.set(tab, cancelled
				? { state: "cancelled" }
				: { state: "failed", error, diagnostics: diagnosticsOf(error), text, start });
		} finally {
			if (mine()) this.aborts.delete(tab);
		}
	}

	/** The server ends it and answers so; one that it does not know is left at once. */
	cancel(tab: string) {
		const run = this.runs.get(tab);
		if (run?.state !== "running") return;
		this.set(tab, { ...run, cancelling: true });
		cancelRun(run.id).catch(() => this.aborts.get(tab)?.abort());
	}

	close(tab: string) {
		const run = this.runs.get(tab);
		const abort = this.aborts.get(tab);
		this.aborts.delete(tab);
		if (run?.state === "running") void cancelRun(run.id).catch(() => undefined);
		abort?.abort();
		if (this.runs.delete(tab)) this.tell();
	}
}

const runs = new Runs();

export function useRun(owner: string, tab: string) {
	runs.own(owner);
	useSyncExternalStore(runs.subscribe, () => runs.version);
	return {
		run: runs.get(tab),
		start: useCallback((text: string, start: number) => void runs.start(tab, text, start), [tab]),
		cancel: useCallback(() => runs.cancel(tab), [tab]),
		forget: useCallback((id: string) => runs.close(id), []),
		/** Of any query: for marks beside their names. */
		isRunning: (id: string) => runs.get(id)?.state === "running",
	};
}
