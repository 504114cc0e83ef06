// SPDX-License-Identifier: Apache-2.0
/* entities.mjs - pages of files and users, the incident's graph, the search of the frame, the coverage */
import assert from "node:assert/strict";

import { TITLE } from "./alerts.mjs";
import { test, until } from "./tap.mjs";

export function cases(shared) {
	const page = () => shared.browser.page;
	const region = (name) => page().getByRole("region", { name });
	const search = () => page().getByRole("combobox", { name: "Search everything" });
	const option = (name) => page().getByRole("option", { name });

	test("an alert's evidence leads to the file, with prevalence, alerts and events", async () => {
		await shared.browser.go(shared.alertUrl);
		await region("Evidence").locator("a[href^='/files/']").first().click();
		await page().waitForURL(/\/files\/[0-9a-f]{40,64}$/);
		await until("the alert of the file", () => region("Alerts").getByRole("link", { name: TITLE }).first().isVisible(), 15);
		shared.fileUrl = new URL(page().url()).pathname;
		await region("Devices").locator("tbody tr").first().waitFor();
		await region("Newest events").locator("tbody tr").first().waitFor();
		assert.match(await page().locator("dl[aria-label=Prevalence]").innerText(), /last 30 days\s+1\b/);
		await region("Details").getByRole("button", { name: "Copy SHA-256" }).waitFor();
		await shared.browser.shot("entity-file");
	});

	test("from the file a query for it leads into hunting", async () => {
		await page().getByRole("link", { name: "Hunt for it" }).click();
		await page().getByRole("heading", { level: 1, name: "Advanced hunting" }).waitFor();
		const hash = shared.fileUrl.split("/").at(-1);
		await until("the query", async () => (await page().locator(".view-lines").innerText()).includes(hash.slice(0, 20)), 20);
	});

	test("a user's page opens from the process tree; a stranger has been seen nowhere", async () => {
		await shared.browser.go(shared.alertUrl);
		await page().getByRole("tree").getByRole("treeitem").first().waitFor();
		await page().getByRole("complementary").locator("a[href^='/users/']").first().click();
		await page().waitForURL(/\/users\/[^/]+$/);
		shared.userUrl = new URL(page().url()).pathname;
		await region("Devices").locator("tbody tr").first().waitFor();
		await shared.browser.go("/ips/198.51.100.77");
		await page().getByText("No device has seen it in this time").waitFor();
		await page().getByText("No alert has it among its evidence").waitFor();
		await shared.browser.go("/ips/nonsense");
		await page().getByRole("alert").getByText("That did not work.").waitFor();
	});

	test("the incident's graph folds and unfolds by keyboard, and leads to the pages", async () => {
		await shared.browser.go("/incidents?q=sensitive");
		await page().locator("tbody tr").first().getByRole("link").first().click();
		const graph = page().getByRole("group", { name: "Entities of all alerts" });
		const count = () => graph.locator("[data-node]").count();
		await graph.getByRole("button", { name: /^Device: / }).waitFor();
		await graph.getByRole("button", { name: /^User: / }).first().waitFor();
		await graph.getByRole("button", { name: /^Process: / }).first().waitFor();
		shared.incidentUrl = new URL(page().url()).pathname;
		const all = await count();
		await graph.getByRole("button", { name: /^Device: / }).focus();
		await page().keyboard.press("Enter");
		await until("folded", async () => (await count()) === 1, 5);
		await page().keyboard.press("ArrowRight");
		await until("unfolded", async () => (await count()) === all, 5);
		await page().keyboard.press("ArrowRight");
		assert.match(await page().evaluate(() => document.activeElement.dataset.node), /^user /);
		await page().keyboard.press("ArrowRight");
		assert.match(await page().evaluate(() => document.activeElement.dataset.node), /^process /);
		await shared.browser.shot("incident-graph");
		await region("Entities of all alerts").getByRole("link", { name: "Open the program's page" }).click();
		await page().waitForURL(/\/files\//);
	});

	test("/ goes to the search, which finds as one types; Enter opens the best", async () => {
		await shared.browser.go("/");
		await page().keyboard.press("/");
		await page().keyboard.type("sensitive");
		await option(new RegExp(`Alerts: ${TITLE}`)).first().waitFor();
		await option(/^Rules: /).first().waitFor();
		await shared.browser.shot("search");
		await page().keyboard.press("Escape");
		await page().getByRole("listbox").waitFor({ state: "detached" });
		await search().fill(shared.fileUrl.split("/").at(-1));
		// Before the answer is here.
		await page().keyboard.press("Enter");
		await page().waitForURL(`**${shared.fileUrl}`);
		await search().fill("no such thing at all");
		await page().getByText("Nothing found").waitFor();
		await search().fill("100%");
		await page().getByText("Nothing found").waitFor();
		await search().fill("t1083");
		await option(/^Rules: /).first().click();
		await page().waitForURL(/\/coverage\?rule=/);
	});

	test("the coverage is a matrix; a cell shows its rules", async () => {
		await shared.browser.go("/coverage");
		const matrix = page().getByRole("group", { name: "Techniques by tactic" });
		const discovery = matrix.getByRole("region", { name: "Discovery" });
		await discovery.getByRole("button", { name: /T1083/ }).click();
		assert.match(page().url(), /technique=T1083&tactic=Discovery/);
		await region(/^T1083 File and Directory Discovery/).locator("tbody tr").first().waitFor();
		await shared.browser.shot("coverage");
		await page().getByRole("button", { name: /^Shipped with Vakt/ }).click();
		assert.match(page().url(), /without=shipped/);
		await page().getByRole("button", { name: "Show all rules" }).click();
	});
}
