// SPDX-License-Identifier: Apache-2.0
/*
 * http.ts - the one place that talks to the server
 *
 * Holds the CSRF token of the session; the session itself is a cookie that scripts cannot read.
 * A 401 anywhere tells the listeners that the session is over.
 */

export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		message: string,
		readonly retryAfter: number | null = null,
		/** What exactly is wrong, where the operation tells. */
		readonly details: readonly unknown[] = [],
	) {
		super(message);
	}
}

let csrfToken = "";
let onExpired: () => void = () => undefined;

export function setCsrfToken(token: string) {
	csrfToken = token;
}

export function setExpiredListener(listener: () => void) {
	onExpired = listener;
}

interface ErrorBody {
	error?: { code?: string; message?: string; details?: unknown[] };
}

async function failure(response: Response): Promise<ApiError> {
	const retry = Number(response.headers.get("Retry-After"));
	const after = Number.isFinite(retry) && retry > 0 ? retry : null;
	try {
		const body = (await response.json()) as ErrorBody;
		const { code = "", message = "", details = [] } = body.error ?? {};
		return new ApiError(response.status, code || String(response.status), message, after, details);
	} catch {
		return new ApiError(response.status, String(response.status), response.statusText, after);
	}
}

export interface RequestOptions {
	body?: unknown;
	signal?: AbortSignal | undefined;
	/** The log-in itself answers 401 for a wrong password. */
	keepSession?: boolean;
}

export async function request<T>(
	method: "GET" | "POST" | "PATCH" | "DELETE",
	path: string,
	{ body, signal, keepSession = false }: RequestOptions = {},
): Promise<T> {
	const headers: Record<string, string> = { Accept: "application/json" };
	if (body !== undefined) headers["Content-Type"] = "application/json";
	if (method !== "GET") headers["X-CSRF-Token"] = csrfToken;
	let response: Response;
	try {
		response = await fetch(path, {
			method,
			headers,
			credentials: "same-origin",
			cache: "no-store",
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
			...(signal ? { signal } : {}),
		});
	} catch (error) {
		if (error instanceof DOMException && error.name === "AbortError") throw error;
		throw new ApiError(0, "Network", "");
	}
	if (response.status === 401 && !keepSession) onExpired();
	if (!response.ok) throw await failure(response);
	const text = await response.text();
	return (text ? JSON.parse(text) : undefined) as T;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
	return request<T>("GET", path, { signal });
}

/** Path with parameters; empty ones are left out. */
export function withQuery(path: string, query: Record<string, string | number | null | undefined>) {
	const parts = Object.entries(query)
		.filter(([, value]) => value !== null && value !== undefined && value !== "")
		.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
		.map((part) => part.replace(/^%24/, "$"));
	return parts.length ? `${path}?${parts.join("&")}` : path;
}

/** A text literal of OData. */
export function literal(text: string) {
	return `'${text.replaceAll("'", "''")}'`;
}
