// SPDX-License-Identifier: Apache-2.0
/* alerts.mjs - the real test alert through queue, page and incident */
import assert from "node:assert/strict";

import { test, until } from "./tap.mjs";

export const TITLE = "Enumeration of files with sensitive data";

export function cases(shared) {
	const rows = () => shared.browser.page.locator("tbody tr");

	test("the queue without alerts says so", async () => {
		await shared.browser.go("/alerts?q=there-is-no-such-alert");
		await shared.browser.page.getByText("No alert matches the filters").waitFor();
	});

	test("the test alert is in the queue within seconds", async () => {
		const { browser, stack } = shared;
		stack.testAlert();
		const begin = Date.now();
		await browser.go("/alerts");
		await until("the alert", async () => {
			await browser.page.getByRole("button", { name: "Refresh" }).click();
			return browser.page.getByRole("link", { name: TITLE }).first().isVisible();
		}, 40);
		const row = rows().filter({ hasText: TITLE }).first();
		await row.getByText("Low").waitFor();
		await row.getByText("New").waitFor();
		await browser.shot("alerts");
		return `shown after ${Date.now() - begin} ms`;
	});

	test("filters stand in the address and go to the server", async () => {
		const { browser } = shared;
		const { page } = browser;
		await page.getByRole("button", { name: "Severity" }).first().click();
		await page.getByRole("menuitemcheckbox", { name: "High" }).click();
		await page.keyboard.press("Escape");
		await page.getByText("No alert matches the filters").waitFor();
		assert.match(page.url(), /severity=High/);
		await page.getByRole("button", { name: "Clear filters" }).click();
		await rows().filter({ hasText: TITLE }).first().waitFor();
		await page.getByRole("searchbox", { name: "Search title or id" }).fill("sensitive");
		await until("the address", () => /q=sensitive/.test(page.url()), 5);
		await rows().filter({ hasText: TITLE }).first().waitFor();
		await page.getByRole("searchbox", { name: "Device name" }).fill("no-such-host");
		await page.getByText("No alert matches the filters").waitFor();
	});

	test("several alerts are given a status and a person at once", async () => {
		const { browser } = shared;
		const { page } = browser;
		await browser.go("/alerts");
		await page.getByRole("checkbox", { name: "Select all on this page" }).check();
		const bar = page.getByRole("toolbar");
		await bar.getByRole("button", { name: "Set status" }).click();
		await page.getByRole("menuitem", { name: "In progress" }).click();
		await rows().filter({ hasText: "In progress" }).first().waitFor();
		assert.equal(await rows().filter({ hasNotText: "In progress" }).count(), 0);
		await page.getByRole("checkbox", { name: "Select all on this page" }).check();
		await bar.getByRole("button", { name: "Assign" }).click();
		await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
		await rows().filter({ hasText: "admin" }).first().waitFor();
	});

	test("the alert's page tells what, how and by whom", async () => {
		const { browser } = shared;
		const { page } = browser;
		await rows().filter({ hasText: TITLE }).first().getByRole("link", { name: TITLE }).click();
		await page.getByRole("heading", { level: 1, name: TITLE }).waitFor();
		await page.getByRole("link", { name: /T1083.*File and Directory Discovery/ }).waitFor();
		const tree = page.getByRole("tree");
		await tree.getByRole("treeitem").first().waitFor();
		assert.ok(await tree.getByRole("treeitem").count() >= 3, "ancestors and the process");
		await page.getByRole("region", { name: "What led to the alert" }).getByText("This matched").first()
			.waitFor({ state: "attached" });
		assert.ok(await page.getByRole("region", { name: "Evidence" }).getByRole("listitem").count() > 0);
		shared.alertUrl = new URL(page.url()).pathname;
		await browser.shot("alert");
	});

	test("the process tree unfolds and folds by keyboard and click", async () => {
		const { page } = shared.browser;
		const tree = page.getByRole("tree");
		const count = () => tree.getByRole("treeitem").count();
		const open = tree.locator("[role=treeitem][aria-expanded=true]").last();
		const before = await count();
		await open.click();
		await page.keyboard.press("ArrowLeft");
		await until("folded", async () => (await count()) < before, 5);
		await page.keyboard.press("ArrowRight");
		await until("unfolded", async () => (await count()) >= before, 5);
		const more = tree.getByRole("treeitem", { name: /more$/ });
		if (await more.count()) {
			const shown = await count();
			await more.first().click();
			await until("further children", async () => (await count()) > shown, 10);
		}
		await page.keyboard.press("Home");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-level")), "1");
	});

	test("handling an alert is kept: status, classification, comment", async () => {
		const { browser } = shared;
		const { page } = browser;
		await browser.go(shared.alertUrl);
		await page.getByLabel("Status", { exact: true }).selectOption("Resolved");
		await page.getByLabel("Classification").selectOption("InformationalExpectedActivity");
		await page.getByLabel("Determination").selectOption("SecurityTesting");
		await page.getByLabel("Add a comment").fill("Our own test, seen by <b>us</b>.");
		await page.getByRole("button", { name: "Save" }).click();
		await page.getByText("Saved", { exact: true }).waitFor();
		await page.reload();
		await browser.settled();
		assert.equal(await page.getByLabel("Status", { exact: true }).inputValue(), "Resolved");
		assert.equal(await page.getByLabel("Determination").inputValue(), "SecurityTesting");
		await page.getByText("Our own test, seen by <b>us</b>.").waitFor();
	});

	test("the incident shows its alerts and the tree of all", async () => {
		const { browser } = shared;
		const { page } = browser;
		await page.getByRole("region", { name: "Details" }).getByRole("link", { name: /^Incident \d/ }).click();
		await page.getByRole("tree").getByRole("treeitem").first().waitFor();
		await rows().filter({ hasText: TITLE }).first().waitFor();
		await browser.shot("incident");
		await page.getByLabel("Status", { exact: true }).selectOption("InProgress");
		await page.getByRole("button", { name: "Save" }).click();
		await page.getByText("Saved", { exact: true }).waitFor();
		await page.getByRole("navigation", { name: "Main navigation" }).getByRole("link", { name: "Incidents" }).click();
		await rows().filter({ hasText: "In progress" }).first().waitFor();
		await browser.shot("incidents");
	});
}
