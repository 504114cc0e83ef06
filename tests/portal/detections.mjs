// SPDX-License-Identifier: Apache-2.0
/* detections.mjs - a rule written with its mistakes told, tried, saved, run on a real event, switched off, removed */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { Editor } from "./editor.mjs";
import { test, until } from "./tap.mjs";

export function cases(shared) {
	const page = () => shared.browser.page;
	const row = (text) => page().locator("tbody tr").filter({ hasText: text });
	const editor = new Editor(page);
	const good = "DeviceProcessEvents\n| where ProcessCommandLine has 'vakt-portal-detection'";

	const rule = async () => {
		const answer = await page().request.get(`${shared.stack.base}/beta/security/rules/detectionRules`);
		return (await answer.json()).value[0];
	};

	test("a rule is written: mistakes are told as one types, each a way to its place", async () => {
		await shared.browser.go("/detection-rules");
		await page().getByText("No custom detections yet").waitFor();
		await shared.browser.shot("detections-none");
		await page().getByRole("link", { name: "New detection rule" }).click();
		await page().getByRole("heading", { level: 1, name: "New detection rule" }).waitFor();
		await editor.write("DeviceProcessEvents\n| where FileNam == 'x'");
		const place = page().getByRole("button", { name: "Line 2, column 9" });
		await place.waitFor();
		await page().getByText("did you mean FileName?").waitFor();
		await place.click();
		assert.ok(await editor.hasFocus());
		await editor.typedAtPlace("FileNam");
		await page().getByRole("textbox", { name: "Title" }).fill("Seen: {{FileNam}}");
		await editor.write("DeviceProcessEvents | summarize count() by DeviceId");
		await page().getByLabel("Frequency").selectOption("0");
		// A mistake of a rule, not of the query: the editor of the hunting page knows nothing of it.
		await page().getByText(/'summarize' puts rows together/).waitFor();
		await until("the mark", async () => (await editor.mistakes().count()) > 0, 10);
		await (await editor.hover()).getByText(/'summarize' puts rows together/).first().waitFor();
		await shared.browser.shot("detections-mistakes");
		// What is typed elsewhere takes no mark away.
		await editor.coloured();
		await page().getByRole("textbox", { name: "Title" }).press("End");
		await page().keyboard.type("more");
		await editor.keepsMistakes();
	});

	test("the query of a rule is completed and explained, and Tab can leave it", async () => {
		await editor.write("DeviceProcessEvents\n| where ");
		await page().keyboard.type("ProcessComm", { delay: 60 });
		await editor.complete("ProcessCommandLine");
		await page().keyboard.type(" has 'x'", { delay: 10 });
		await page().keyboard.press("Escape");
		await until("no mark", async () => (await editor.mistakes().count()) === 0, 10);
		await page().locator(".view-line .Column").first().hover();
		await page().locator(".monaco-hover").getByText("Command line, arguments joined by blanks.").first().waitFor();
		await page().getByText("Control and M let Tab leave the editor.").waitFor();
		await page().keyboard.press("Control+M");
		await page().keyboard.press("Tab");
		assert.equal(await editor.hasFocus(), false);
		await page().keyboard.press("Shift+Tab");
		assert.ok(await editor.hasFocus());
		await page().keyboard.press("Control+M");
	});

	test("a dry run shows what it would have found and writes nothing", async () => {
		await shared.browser.go(`/detection-rules/new?query=${encodeURIComponent(good)}`);
		await until("the query", async () => (await editor.text()) === good, 20);
		await page().getByText("The query can be used.").waitFor();
		await page().getByRole("textbox", { name: "Title" }).fill("Seen {{ProcessCommandLin}}");
		await page().getByText(/the result has no column 'ProcessCommandLin'/).waitFor();
		await page().getByRole("textbox", { name: "Title" }).fill("Seen: {{ProcessCommandLine}}");
		await page().getByText(/the result has no column/).waitFor({ state: "hidden" });
		execFileSync("/bin/sh", ["-c", "exec /bin/true vakt-portal-detection one"]);
		await until("the event in the store", async () => Number(await shared.stack.ask(
			"SELECT count() FROM vakt.DeviceProcessEvents WHERE ProcessCommandLine LIKE '%portal-detection one'")) > 0, 30);
		await page().getByRole("button", { name: "Try on history" }).click();
		const panel = page().getByRole("region", { name: "Dry run" });
		await panel.getByText(/in the last 30 days/).waitFor();
		await panel.getByText(/Seen: .*vakt-portal-detection one/).first().waitFor();
		await shared.browser.shot("detections-dry-run");
		assert.equal(await rule(), undefined);
	});

	test("saved and continuous it alerts on a real event within its minute", async () => {
		await page().getByRole("textbox", { name: "Name" }).fill("Portal detection");
		await page().getByLabel("Frequency").selectOption("0");
		await page().getByLabel("Severity").selectOption("high");
		await page().getByLabel("Category").selectOption("Execution");
		await page().getByRole("textbox", { name: "ATT&CK techniques" }).fill("T1059.004");
		await page().getByRole("button", { name: "Save" }).click();
		await page().getByRole("heading", { level: 1, name: "Portal detection" }).waitFor();
		await until("its first run", async () => (await rule()).lastRunDetails.status === "completed", 30);
		execFileSync("/bin/sh", ["-c", "exec /bin/true vakt-portal-detection two"]);
		const alert = page().getByRole("region", { name: "Alerts of this rule" })
			.getByRole("link", { name: /Seen: .*detection two/ }).first();
		await alert.waitFor({ timeout: 90000 });
		const answer = await page().request.get(`${shared.stack.base}/api/alerts?$filter=contains(title,'detection two')`);
		const { alertCreationTime, firstEventTime } = (await answer.json()).value[0];
		const seconds = (new Date(alertCreationTime) - new Date(firstEventTime)) / 1000;
		assert.ok(seconds < 70, `${seconds} seconds`);
		await page().getByRole("region", { name: "Runs that found" }).getByText("Completed").first().waitFor();
		await shared.browser.shot("detection-rule");
		await alert.click();
		await page().getByRole("heading", { level: 1, name: /Seen: / }).waitFor();
		await page().getByRole("tree").getByRole("treeitem").first().waitFor();
		await page().getByText("CustomDetection", { exact: true }).waitFor();
		await page().getByRole("region", { name: "Details" }).getByRole("link", { name: "Portal detection" }).waitFor();
		await shared.browser.shot("detection-alert");
		shared.ruleUrl = `/detection-rules/${(await rule()).id}`;
	});

	test("a rule is changed, switched off and on, and says so in the list", async () => {
		await shared.browser.go(shared.ruleUrl);
		await editor.write("DeviceProcessEvents | where FileName == 'nothing'");
		await page().getByText("The query can be used.").waitFor();
		await page().getByRole("button", { name: "Save" }).click();
		await until("the change", async () => (await rule()).queryCondition.queryText.includes("nothing"), 10);
		await page().getByRole("button", { name: "Switch off" }).click();
		await page().getByRole("button", { name: "Switch on" }).waitFor();
		await shared.browser.go("/detection-rules");
		await row("Portal detection").getByText("Off", { exact: true }).waitFor();
		await shared.browser.shot("detections");
		await page().getByRole("tab", { name: "Sigma rules" }).click();
		await page().getByText(/rules are in use/).waitFor();
		await shared.browser.go(shared.ruleUrl);
		await page().getByRole("button", { name: "Switch on" }).click();
		await page().getByRole("button", { name: "Run now" }).waitFor();
	});

	test("a rule that fails says why on its page, in the list, and by an alert to its owner", async () => {
		const { queryCondition: { queryText } } = await rule();
		// As after a change of the schema: the column is not there any more.
		shared.stack.state("UPDATE custom_rule SET query = 'DeviceProcessEvents | where Gone == 1'");
		for (let i = 1; i <= 3; i++) {
			await page().getByRole("button", { name: "Run now" }).click();
			await until(`failure ${i}`, async () => (await rule()).consecutiveFailures >= i, 30);
		}
		await shared.browser.go(shared.ruleUrl);
		const told = page().locator(".fui-MessageBar").filter({ hasText: "The last run failed." });
		await told.getByText("nothing is called 'Gone' here").waitFor();
		await page().getByRole("region", { name: "Runs that found" }).getByText("Failed").first().waitFor();
		await page().getByRole("region", { name: "Alerts of this rule" })
			.getByRole("link", { name: "Custom detection rule cannot run: Portal detection" }).waitFor();
		await until("the mark in its query", async () => (await editor.mistakes().count()) > 0, 20);
		await shared.browser.shot("detection-failing");
		// The alert tells it, too, and leads to the rule.
		await page().getByRole("link", { name: "Custom detection rule cannot run: Portal detection" }).click();
		await page().getByText(/The rule has failed 3 times in a row/).waitFor();
		await shared.browser.shot("detection-failing-alert");
		await page().getByRole("region", { name: "Details" }).getByRole("link", { name: "Portal detection" }).click();
		await page().getByRole("heading", { level: 1, name: "Portal detection" }).waitFor();
		await shared.browser.go("/detection-rules");
		await row("Portal detection").getByText("Failing", { exact: true }).waitFor();
		// It is still on, and mended it runs again.
		await shared.browser.go(shared.ruleUrl);
		await editor.write(queryText);
		await page().getByRole("button", { name: "Save" }).click();
		await until("a good run", async () => (await rule()).lastRunDetails.status === "completed", 90);
		await told.waitFor({ state: "hidden", timeout: 30000 });
	});

	test("a reader sees a rule and changes nothing", async () => {
		await shared.browser.fresh();
		await shared.browser.go(shared.ruleUrl);
		await shared.browser.login("rut", "another long password");
		await page().getByRole("heading", { level: 1, name: "Portal detection" }).waitFor();
		await until("the query", async () => (await editor.text()).includes("FileName == 'nothing'"), 20);
		assert.ok(await page().getByRole("textbox", { name: "Query" }).evaluate((area) => area.readOnly));
		await page().locator(".monaco-editor .view-lines").click();
		await page().keyboard.type("x");
		await page().keyboard.press("Tab");
		assert.equal(await editor.hasFocus(), false);
		assert.equal((await editor.text()).includes("x"), false);
		assert.equal(await page().getByRole("button", { name: /Save|Switch off|Remove|Run now/ }).count(), 0);
		await shared.browser.fresh();
		await shared.browser.go("/");
		await shared.browser.login(shared.name, shared.password);
		await page().getByRole("navigation").first().waitFor();
	});
}
