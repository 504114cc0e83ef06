// SPDX-License-Identifier: Apache-2.0
/* around.ts - the part of a device's timeline around a moment, as an address */

const AROUND_MS = 5 * 60 * 1000;

export function aroundLink(machineId: string, at: string | null | undefined) {
	const timeline = `/devices/${encodeURIComponent(machineId)}/timeline`;
	if (!at) return timeline;
	const middle = new Date(at).getTime();
	const query = new URLSearchParams({
		from: new Date(middle - AROUND_MS).toISOString(),
		to: new Date(middle + AROUND_MS).toISOString(),
	});
	return `${timeline}?${query.toString()}`;
}
