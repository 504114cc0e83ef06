// SPDX-License-Identifier: Apache-2.0
/*
 * resource.ts - data of a page: loading, error with retry, refresh in the background
 *
 * What was shown stays while it is read anew; a page never blinks. Polling rests while the tab is
 * hidden.
 */
import { useCallback, useEffect, useRef, useState } from "react";

import { get } from "./http";

export interface Resource<T> {
	data: T | undefined;
	error: unknown;
	loading: boolean;
	reload(): void;
	/** Puts in what a change answered, without asking again. */
	replace(data: T): void;
}

interface State<T> {
	path: string | null;
	data: T | undefined;
	error: unknown;
	loading: boolean;
}

export function useResource<T>(path: string | null, pollSeconds = 0): Resource<T> {
	const [state, setState] = useState<State<T>>({
		path, data: undefined, error: null, loading: path !== null,
	});
	const [round, setRound] = useState(0);
	const abort = useRef<AbortController | null>(null);

	useEffect(() => {
		if (path === null) {
			setState({ path, data: undefined, error: null, loading: false });
			return;
		}
		const controller = new AbortController();
		abort.current = controller;
		setState((old) => ({ ...old, path, error: null, loading: true }));
		get<T>(path, controller.signal).then(
			(data) => setState({ path, data, error: null, loading: false }),
			(error: unknown) => {
				if (controller.signal.aborted) return;
				setState((old) => ({ ...old, path, error, loading: false }));
			},
		);
		return () => controller.abort();
	}, [path, round]);

	const reload = useCallback(() => setRound((n) => n + 1), []);
	const replace = useCallback((data: T) => {
		abort.current?.abort();
		setState((old) => ({ ...old, data, error: null, loading: false }));
	}, []);

	useEffect(() => {
		if (!pollSeconds) return;
		const timer = setInterval(() => {
			if (!document.hidden) reload();
		}, pollSeconds * 1000);
		return () => clearInterval(timer);
	}, [pollSeconds, reload]);

	return { data: state.data, error: state.error, loading: state.loading, reload, replace };
}
