// SPDX-License-Identifier: Apache-2.0
/* frames.mjs - how smoothly the page draws while something is done to it */
import assert from "node:assert/strict";

/** A frame that took longer than this was seen to stutter. */
const FRAME_MAX_MS = 100;

export async function measure(page, act) {
	await page.evaluate(() => {
		const frames = [];
		let last = performance.now();
		window.measured = { frames, long: [], on: true };
		new PerformanceObserver((list) => {
			for (const entry of list.getEntries()) window.measured.long.push(entry.duration);
		}).observe({ entryTypes: ["longtask"] });
		requestAnimationFrame(function next(now) {
			frames.push(now - last);
			last = now;
			if (window.measured.on) requestAnimationFrame(next);
		});
	});
	await act();
	const { frames, long } = await page.evaluate(() => {
		window.measured.on = false;
		return window.measured;
	});
	const sorted = frames.slice(1).sort((a, b) => a - b);
	const at = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(0);
	const slow = sorted.filter((f) => f > FRAME_MAX_MS).length;
	const says = `${frames.length} frames, median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, `
		+ `${slow} above ${FRAME_MAX_MS} ms, ${long.length} long tasks`;
	assert.ok(slow <= sorted.length * 0.01, says);
	return says;
}

/** Turns the wheel over an element for some seconds. */
export async function wheel(page, element, { times = 150, pixels = 260 } = {}) {
	const box = await element.boundingBox();
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	for (let i = 0; i < times; i++) {
		await page.mouse.wheel(0, pixels);
		await page.waitForTimeout(16);
	}
	await page.waitForTimeout(400);
}
