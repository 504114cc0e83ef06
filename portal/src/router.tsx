// SPDX-License-Identifier: Apache-2.0
/*
 * router.tsx - the address bar is the state of what is shown: paths, parameters, links
 *
 * Small on purpose: a table of patterns in app.tsx, one store around history. It knows no page.
 */
import { useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

const CHANGED = "vakt:place";

function subscribe(listener: () => void) {
	window.addEventListener("popstate", listener);
	window.addEventListener(CHANGED, listener);
	return () => {
		window.removeEventListener("popstate", listener);
		window.removeEventListener(CHANGED, listener);
	};
}

export interface Place {
	path: string;
	query: URLSearchParams;
}

export function usePlace(): Place {
	const href = useSyncExternalStore(
		subscribe,
		() => window.location.pathname + window.location.search,
	);
	return useMemo(() => {
		const [path = "/", search = ""] = href.split("?", 2);
		return { path, query: new URLSearchParams(search) };
	}, [href]);
}

export function navigate(to: string, replace = false) {
	if (to === window.location.pathname + window.location.search) return;
	if (replace) window.history.replaceState(null, "", to);
	else window.history.pushState(null, "", to);
	window.dispatchEvent(new Event(CHANGED));
}

/** Changes some parameters of the current address; null takes one away. */
export function setQuery(changes: Record<string, string | null>, replace = true) {
	const query = new URLSearchParams(window.location.search);
	for (const [name, value] of Object.entries(changes)) {
		if (value === null || value === "") query.delete(name);
		else query.set(name, value);
	}
	const text = query.toString();
	navigate(window.location.pathname + (text ? `?${text}` : ""), replace);
}

/** "/alerts/:id" against "/alerts/da1": { id: "da1" }, or null. */
export function match(pattern: string, path: string): Record<string, string> | null {
	const wanted = pattern.split("/");
	const given = path.replace(/\/$/, "").split("/");
	if (pattern === "/") return path === "/" ? {} : null;
	if (wanted.length !== given.length) return null;
	const found: Record<string, string> = {};
	for (const [i, part] of wanted.entries()) {
		const value = given[i] ?? "";
		if (part.startsWith(":")) {
			try {
				found[part.slice(1)] = decodeURIComponent(value);
			} catch {
				return null;
			}
		} else if (part !== value) {
			return null;
		}
	}
	return found;
}

let served: readonly string[] = [];

/** The patterns of all pages, said once by the table of them. */
export function serve(patterns: readonly string[]) {
	served = patterns;
}

/** Whether there is such a page, for those who would link to it. */
export function leads(path: string) {
	return served.some((pattern) => match(pattern, path) !== null);
}

/** For components that want an href of their own (Fluent's Button as a link). */
export function followLink(event: MouseEvent<HTMLElement>, to: string) {
	if (event.defaultPrevented || event.button !== 0) return;
	if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
	event.preventDefault();
	navigate(to);
}

export function Link({
	to,
	className = "link",
	onClick,
	...rest
}: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
	return (
		<a
			{...rest}
			className={className}
			href={to}
			onClick={(event) => {
				onClick?.(event);
				followLink(event, to);
			}}
		/>
	);
}
