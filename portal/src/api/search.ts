// SPDX-License-Identifier: Apache-2.0
/* search.ts - what a few letters lead to, and the page of each */
import { pageOf } from "./entities";
import { get, withQuery } from "./http";

export const HIT_KINDS = ["file", "ip", "domain", "user", "device", "incident", "alert", "detection", "rule"] as const;
export type HitKind = (typeof HIT_KINDS)[number];

export interface Hit {
	kind: HitKind;
	id: string;
	title: string;
	detail: string;
}

export interface Hits {
	partial: boolean;
	value: Hit[];
}

export function searchFor(text: string, signal: AbortSignal): Promise<Hits> {
	return get<Hits>(withQuery("/portal/api/search", { text }), signal);
}

export function pageOfHit({ kind, id }: Hit): string {
	const at = encodeURIComponent(id);
	switch (kind) {
	case "device":
		return `/devices/${at}`;
	case "incident":
		return `/incidents/${at}`;
	case "alert":
		return `/alerts/${at}`;
	case "detection":
		return `/detection-rules/${at}`;
	case "rule":
		return `/coverage?rule=${at}`;
	default:
		return pageOf({ kind, value: id });
	}
}
