// SPDX-License-Identifier: Apache-2.0
/*
 * timeline.mjs - a million events: right rows everywhere, no stutter, gaps in sight
 *
 * The rows are numbered in their command lines, so that each position can be checked to the row.
 */
import assert from "node:assert/strict";

import { measure, wheel } from "./frames.mjs";
import { DAY_MS, MILLION } from "./stack.mjs";
import { test, until } from "./tap.mjs";

const rowAt = (page, index) => page.locator(`#event-${index}`);
const jobOf = async (row) => Number(/--job (\d+)/.exec(await row.innerText())?.[1] ?? NaN);

export function cases(shared) {
	const page = () => shared.browser.page;
	const view = () => page().locator("[role=rowgroup]");
	const first = async () => Number(await view().getAttribute("data-first"));

	const open = async (query = "") => {
		const { from, to } = shared.million;
		await shared.browser.go(`${shared.deviceUrl}/timeline?from=${from}&to=${to}${query}`);
		await view().waitFor();
	};

	test("a million events are counted and the newest stand on top", async () => {
		const end = Math.floor((Date.now() - 30 * DAY_MS) / 3600e3) * 3600e3;
		shared.million = await shared.stack.million(shared.tenantId, shared.deviceId, end);
		const begin = Date.now();
		await open("&kinds=process");
		await page().getByText("1,000,000 events").waitFor();
		await until("rows", async () => (await jobOf(rowAt(page(), 0))) === MILLION - 1, 20);
		await shared.browser.shot("timeline");
		return `first rows after ${Date.now() - begin} ms`;
	});

	test("every position shows its row, to the oldest", async () => {
		const times = [];
		for (const share of [0.5, 0.123, 0.87, 1]) {
			const begin = Date.now();
			await view().evaluate((v, s) => {
				v.scrollTop = (v.scrollHeight - v.clientHeight) * s;
			}, share);
			await page().waitForTimeout(250);
			const index = (await first()) + 1;
			await until(`row ${index}`, async () => (await jobOf(rowAt(page(), index))) === MILLION - 1 - index, 20);
			times.push(Date.now() - begin);
		}
		assert.equal(await jobOf(rowAt(page(), MILLION - 1)), 0);
		return `jumps took ${times.join(", ")} ms`;
	});

	test("the keyboard goes to both ends, by rows and by pages", async () => {
		const grid = page().getByRole("grid");
		await grid.focus();
		const active = () => grid.getAttribute("aria-activedescendant");
		await page().keyboard.press("Home");
		await until("the top", async () => (await active()) === "event-0", 5);
		for (const key of ["ArrowDown", "ArrowDown", "ArrowUp"]) await page().keyboard.press(key);
		await until("row 1", async () => (await active()) === "event-1", 5);
		await page().keyboard.press("PageDown");
		await until("a page on", async () => Number((await active())?.split("-")[1]) > 5, 5);
		await page().keyboard.press("End");
		await until("the end", async () => (await active()) === `event-${MILLION - 1}`, 5);
		await until("its row", async () => (await jobOf(rowAt(page(), MILLION - 1))) === 0, 20);
	});

	test("scrolling by the wheel does not stutter", async () => {
		await page().keyboard.press("Home");
		await until("the top", async () => (await first()) <= 0, 5);
		const from = await first();
		const says = await measure(page(), () => wheel(page(), view()));
		const moved = (await first()) - from;
		assert.ok(moved > 900, `moved too little: ${moved} rows, ${says}`);
		const rows = await view().locator("[role=row]").count();
		assert.ok(rows < 80, `${rows} rows in the page`);
		return `${moved} rows, ${says}`;
	});

	test("blind intervals are rows, bands and marks", async () => {
		await open("&kinds=gap");
		const gap = page().locator("[role=row]").filter({ hasText: "Blind interval" });
		await until("both gaps", async () => (await gap.count()) === 2, 15);
		await gap.first().getByText("No sensor was running").waitFor();
		assert.equal(await page().getByRole("slider").locator("rect[fill='url(#hatch)']").count(), 2);
		await shared.browser.shot("gaps");
	});

	test("the text filter finds one in a million", async () => {
		await open("&q=424242");
		await page().getByText("1 event", { exact: true }).waitFor();
		await until("the row", async () => (await jobOf(rowAt(page(), 0))) === 424242, 15);
	});

	test("UTC and local time change every time in sight", async () => {
		const time = () => rowAt(page(), 0).getByRole("gridcell").first().innerText();
		const local = await time();
		await page().getByRole("radio", { name: "UTC" }).click();
		await until("UTC", async () => (await time()) !== local, 5);
		const hours = Date.parse(local.replace(" ", "T")) - Date.parse((await time()).replace(" ", "T"));
		assert.ok([3600e3, 7200e3].includes(hours), `Stockholm is ${hours / 3600e3} h from UTC`);
		await page().getByRole("radio", { name: "UTC" }).focus();
		await page().keyboard.press("ArrowLeft");
		await until("local", async () => (await time()) === local, 5);
	});

	test("dragging over the chart looks closer, a typed range does too", async () => {
		await open("&kinds=process");
		const box = await page().getByRole("slider").boundingBox();
		await page().mouse.move(box.x + box.width * 0.4, box.y + 20);
		await page().mouse.down();
		await page().mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 5 });
		await page().mouse.up();
		await until("a tenth", async () => {
			const said = await page().getByRole("status").filter({ hasText: "events" }).innerText();
			const total = Number(said.replace(/\D/g, ""));
			return total > 90000 && total < 110000;
		}, 15);
		await page().getByRole("button", { name: "Choose times" }).click();
		await page().getByLabel(/^From \(/).fill("not a time");
		await page().getByRole("button", { name: "Show", exact: true }).click();
		await page().getByText("Two times as").waitFor();
		await page().keyboard.press("Escape");
	});
}
