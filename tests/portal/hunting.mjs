// SPDX-License-Identifier: Apache-2.0
/*
 * hunting.mjs - queries written, run, cancelled, kept, shared; their rows followed up, drawn, exported
 *
 * The rows are those of this machine's sensor and of the query language itself.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";

import { TITLE } from "./alerts.mjs";
import { Editor } from "./editor.mjs";
import { measure, wheel } from "./frames.mjs";
import { test, until } from "./tap.mjs";

const ROWS_MAX = 100_000;
/** Not to be answered within minutes. */
const ENDLESS = "range a from 1 to 400000000000 step 1 | summarize count() by b = hash(tostring(a)) % 7";

export function cases(shared) {
	const page = () => shared.browser.page;
	const button = (name, options = {}) => page().getByRole("button", { name, ...options });
	const grid = () => page().getByRole("grid");
	const cell = (row, column) => page().locator(`#cell-${row}-${column}`);
	const text = async (row, column) => (await cell(row, column).innerText()).trim();
	const editor = new Editor(page);
	const code = () => editor.text();
	const write = (query) => editor.write(query);
	const counted = async () => Number(await page().locator("[data-rows]").getAttribute("data-rows"));

	const open = async (where = "/hunting") => {
		await shared.browser.go(where);
		await editor.ready();
	};
	const run = async (query) => {
		await write(query);
		const answered = page().waitForResponse((r) => r.url().endsWith("/api/hunting/run"), { timeout: 60000 });
		await page().keyboard.press("Control+Enter");
		await answered;
	};
	const item = async (name) => {
		await page().getByRole("menuitem", { name }).click();
	};

	test("the schema tells which tables there are, what they mean and what is filled", async () => {
		await open();
		const tree = page().getByRole("tree", { name: "Tables and columns" });
		await tree.getByRole("treeitem", { name: "DeviceProcessEvents" }).click();
		await tree.getByRole("treeitem", { name: /^ProcessCommandLine/ }).waitFor();
		await page().getByText("Process starts, forks and exits.").waitFor();
		await page().getByRole("searchbox", { name: "Search tables and columns" }).fill("registryvaluen");
		await until("only what matches", async () => (await tree.getByRole("treeitem").count()) < 20, 5);
		await page().getByRole("searchbox", { name: "Search tables and columns" }).fill("DeviceRegistryEvents");
		await tree.getByRole("treeitem", { name: "DeviceRegistryEvents" }).click();
		await page().getByText("Nothing fills it yet; it is always empty.").first().waitFor();
		// By keyboard: unfold, down to a column, into the query.
		await page().keyboard.press("Home");
		await page().keyboard.press("Enter");
		await until("the name in the query", async () => (await code()).startsWith("DeviceRegistryEvents"), 10);
	});

	test("the editor completes our columns, explains them and marks mistakes while one types", async () => {
		await write("DeviceProcessEvents\n| where ");
		await page().keyboard.type("ProcessComm", { delay: 60 });
		await editor.complete("ProcessCommandLine");
		await page().keyboard.type(" has 'x' and NoSuchColumn == 1", { delay: 10 });
		await page().keyboard.press("Escape");
		await until("the mark", async () => (await editor.mistakes().count()) > 0, 20);
		// What the server says stands where the mistake is.
		await (await editor.hover()).getByText("nothing is called 'NoSuchColumn' here").first().waitFor();
		await shared.browser.shot("hunting-mistake");
		// The service looks again when the cursor moves, and at a query that was there before it.
		await page().keyboard.press("Home");
		await editor.keepsMistakes();
		await page().reload();
		await editor.ready();
		await editor.coloured();
		await editor.keepsMistakes();
		await write("DeviceProcessEvents | where ProcessCommandLine has 'x'");
		await until("no mark", async () => (await editor.mistakes().count()) === 0, 10);
		await page().locator(".view-line .Column").first().hover();
		await page().locator(".monaco-hover").getByText("Command line, arguments joined by blanks.").first().waitFor();
	});

	test("what the compiler refuses is listed with its place and leads there", async () => {
		await run("DeviceProcessEvents\n| where FileNam == 'x'\n| extend y = strlenn(FileName)");
		const told = page().getByRole("alert").filter({ hasText: "mistake" });
		await told.getByText("nothing is called 'FileNam' here").waitFor();
		await told.getByText("FileName", { exact: true }).waitFor();
		await page().getByRole("button", { name: "Line 2, column 9" }).click();
		assert.ok(await editor.hasFocus());
		await editor.typedAtPlace("FileNam");
	});

	test("a query finds what this machine did; the row leads to its device and back", async () => {
		await run(`DeviceProcessEvents | where DeviceName == "${os.hostname()}" | where FileName != "" `
			+ "| project Timestamp, DeviceName, FileName, ProcessCommandLine, DeviceId, ReportId | take 50");
		await until("rows", async () => (await counted()) > 0, 20);
		await page().getByText("sees 30 days back").waitFor();
		assert.equal(await text(0, 1), os.hostname());
		await shared.browser.shot("hunting");
		await cell(0, 1).getByRole("link").click();
		await page().getByRole("heading", { level: 1, name: os.hostname() }).waitFor();
		await page().goBack();
		await cell(0, 1).waitFor();
		assert.ok((await counted()) > 0, "the rows are still there");
	});

	test("only what is selected runs, and its mistakes stand at their place", async () => {
		await write("print broken = nosuch(1)\nprint good = 7");
		await page().keyboard.press("Control+Home");
		await page().keyboard.press("ArrowDown");
		await page().keyboard.press("Shift+End");
		await page().keyboard.press("Shift+Enter");
		await until("the one row", async () => (await counted()) === 1, 20);
		assert.equal(await text(0, 0), "7");
	});

	test("a hundred thousand rows are told to be cut off and scroll without stutter", async () => {
		await run(`range n from 1 to ${ROWS_MAX + 1} step 1 | extend name = strcat("row ", n), part = n % 10, `
			+ "hash = hash_sha256(tostring(n)), t = datetime(2026-01-01) + n * 1s, a = n * 2, b = n * 3, c = n / 7.0");
		await page().getByText("There are more rows than these 100,000").waitFor({ timeout: 60000 });
		assert.equal(await counted(), ROWS_MAX);
		await page().waitForTimeout(500);
		const view = page().locator("[role=grid] [data-first]");
		const says = await measure(page(), () => wheel(page(), view));
		const first = Number(await view.getAttribute("data-first"));
		assert.ok(first > 900, `moved too little: ${first}`);
		await view.evaluate((v) => {
			v.scrollTop = v.scrollHeight * 0.73;
		});
		await page().waitForTimeout(200);
		const at = Number(await view.getAttribute("data-first")) + 3;
		assert.equal(await text(at, 1), `row ${at + 1}`);
		await grid().focus();
		await page().keyboard.press("Control+End");
		await until("the last row", async () => (await cell(ROWS_MAX - 1, 7).count()) === 1, 5);
		await page().keyboard.press("Home");
		await until("its beginning", async () => (await text(ROWS_MAX - 1, 0)) === "100000", 5);
		assert.ok((await page().locator("[role=row]").count()) < 60);
		await shared.browser.shot("hunting-many");
		return says;
	});

	test("columns sort and tell what they hold; a value is a filter", async () => {
		const head = page().locator("[role=columnheader]").filter({ hasText: /^n$/ });
		await grid().focus();
		await page().keyboard.press("Control+Home");
		const begin = Date.now();
		await head.getByRole("button").first().click();
		await head.getByRole("button").first().click();
		await until("descending", async () => (await text(0, 0)) === "100000", 10);
		const sorted = Date.now() - begin;
		await button("About the column part").click();
		const panel = page().getByRole("group").or(page().locator(".fui-PopoverSurface")).filter({ hasText: "Most frequent" });
		await panel.getByText("10", { exact: true }).first().waitFor();
		await panel.getByText("4.5", { exact: true }).waitFor();
		await shared.browser.shot("hunting-column");
		await panel.getByRole("button", { name: /^3\s*10,000$/ }).click();
		await until("a tenth", async () => (await counted()) === ROWS_MAX / 10, 10);
		await page().getByText("10,000 of 100,000 rows").waitFor();
		await button("Take away the filter part = 3").click();
		await until("all", async () => (await counted()) === ROWS_MAX, 10);
		return `sorted twice within ${sorted} ms`;
	});

	test("what can be done with a value: filter, narrow the query, hunt for it, copy it", async () => {
		await shared.browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
		const clipboard = () => page().evaluate(() => navigator.clipboard.readText());
		await run("datatable(FileName: string, SHA256: string, n: int) [\"a\\\"b\", \"11\", 1, \"c\", \"22\", 2, \"c\", \"\", 3]");
		await until("rows", async () => (await counted()) === 3, 20);
		await cell(1, 0).click();
		await cell(1, 0).getByRole("button", { name: "Actions on the value" }).click();
		await shared.browser.shot("hunting-actions");
		await item("Hide this value");
		await until("one row", async () => (await counted()) === 1, 5);
		await button("Clear filters").click();
		await cell(0, 0).click({ button: "right" });
		await item("Copy the value");
		await page().getByText("Copied", { exact: true }).waitFor();
		assert.equal(await clipboard(), 'a"b');
		await cell(0, 0).click({ button: "right" });
		await item("Add to the query: only this value");
		await until("the step", async () => (await code()).includes('| where FileName == "a\\"b"'), 5);
		await page().keyboard.press("Control+Enter");
		await until("the one row", async () => (await counted()) === 1, 20);
		await cell(0, 1).click({ button: "right" });
		await item("Hunt for the value");
		await until("another query", async () => (await code()).includes('InitiatingProcessSHA256 == "11"'), 10);
		await page().keyboard.press("Escape");
		await button("Run query").click();
		await page().getByText("No rows", { exact: true }).waitFor({ timeout: 60000 });
		await button(/^Close 11/).click();
	});

	test("rows are selected, copied and their device opened", async () => {
		await run(`DeviceProcessEvents | where DeviceName == "${os.hostname()}" | project DeviceName, FileName, ProcessId | take 20`);
		await until("rows", async () => (await counted()) > 3, 20);
		const box = (n) => page().locator(`[data-position="${n}"] [data-lead]`);
		await box(0).click();
		await box(2).click({ modifiers: ["Shift"] });
		const bar = page().getByRole("toolbar", { name: "Actions on the selected rows" });
		await bar.getByText("3 rows selected").waitFor();
		await shared.browser.shot("hunting-selected");
		await bar.getByRole("button", { name: "Copy rows" }).click();
		const lines = (await page().evaluate(() => navigator.clipboard.readText())).split("\n");
		assert.equal(lines.length, 4);
		assert.equal(lines[0], "DeviceName\tFileName\tProcessId");
		await bar.getByRole("button", { name: "Open the device" }).click();
		await page().getByRole("heading", { level: 1, name: os.hostname() }).waitFor();
		await page().goBack();
		await cell(0, 0).waitFor();
	});

	test("selected rows are hunted for together, exported alone, and all of them at once", async () => {
		await run("datatable(SHA256: string, DeviceId: string, DeviceName: string, n: int) "
			+ "['11', 'd1', 'one', 1, '22', 'd2', 'two', 2, '33', 'd2', 'two', 3]");
		await until("rows", async () => (await counted()) === 3, 20);
		const bar = page().getByRole("toolbar", { name: "Actions on the selected rows" });
		for (const n of [0, 1]) await page().locator(`[data-position="${n}"] [data-lead]`).click();
		await bar.getByText("2 rows selected").waitFor();
		await bar.getByRole("button", { name: "Open a device" }).click();
		await page().getByRole("menuitem", { name: "two" }).waitFor();
		assert.equal(await page().getByRole("menuitem").count(), 2);
		await page().keyboard.press("Escape");
		await bar.getByRole("button", { name: "Export selected" }).click();
		const begun = page().waitForEvent("download");
		await item("CSV, for spreadsheets");
		assert.equal(fs.readFileSync(await (await begun).path(), "utf8"),
			"\ufeffSHA256,DeviceId,DeviceName,n\r\n11,d1,one,1\r\n22,d2,two,2\r\n");
		await button("Select all rows").click();
		await bar.getByText("3 rows selected").waitFor();
		await grid().focus();
		await page().keyboard.press("Control+A");
		await bar.waitFor({ state: "hidden" });
		await page().keyboard.press("Control+A");
		await bar.getByText("3 rows selected").waitFor();
		await page().keyboard.press("Space");
		await bar.getByText("2 rows selected").waitFor();
		await bar.getByRole("button", { name: "Hunt for their values" }).click();
		await page().getByRole("menuitem", { name: "DeviceName" }).getByText("2 values").waitFor();
		await shared.browser.shot("hunting-selected-values");
		await item("SHA256");
		await until("another query", async () => (await code()).includes('InitiatingProcessSHA256 in ("11", "33")'), 10);
		await page().keyboard.press("Escape");
		await button("Run query").click();
		await page().getByText("No rows", { exact: true }).waitFor({ timeout: 60000 });
		await button(/^Close 11 \+1/).click();
	});

	test("alerts that a query finds lead to their pages and are decided about together", async () => {
		await run(`AlertInfo | where Title == "${TITLE}" | project AlertId, Title, Severity`);
		await until("the alert", async () => (await counted()) > 0, 30);
		const count = await counted();
		await cell(0, 0).getByRole("link").waitFor();
		await button("Select all rows").click();
		const bar = page().getByRole("toolbar", { name: "Actions on the selected rows" });
		await bar.getByRole("button", { name: "Set status" }).click();
		await item("In progress");
		await page().getByRole("status").getByText(new RegExp(`^${count} alerts? changed$`)).waitFor();
		await shared.browser.shot("hunting-alerts");
		const id = await text(0, 0);
		const alert = await (await page().request.get(`${shared.stack.base}/api/alerts/${id}`)).json();
		assert.equal(alert.status, "InProgress");
		await cell(0, 0).getByRole("link").click();
		await page().getByRole("heading", { level: 1, name: TITLE }).waitFor();
		await page().goBack();
		await cell(0, 0).waitFor();
	});

	test("an event leads to the alert that it raised, and to its place in the timeline", async () => {
		const id = shared.alertUrl.split("/").at(-1);
		const { events } = await (await page().request.get(`${shared.stack.base}/portal/api/alerts/${id}/events`)).json();
		const { reportId } = events[0];
		await run(`union DeviceProcessEvents, DeviceFileEvents | where ReportId == ${reportId}`);
		await until("the row", async () => (await counted()) === 1, 30);
		await cell(0, 0).dblclick();
		const panel = page().getByRole("complementary", { name: "Opened row" });
		await panel.getByText(reportId, { exact: true }).waitFor();
		await panel.getByRole("link", { name: TITLE }).waitFor();
		await shared.browser.shot("hunting-row");
		const around = await panel.getByRole("link", { name: "Show in the timeline" }).getAttribute("href");
		assert.match(around, /timeline\?from=.*&to=/);
		await panel.getByRole("link", { name: TITLE }).click();
		await page().getByRole("heading", { level: 1, name: TITLE }).waitFor();
		await page().goBack();
		await cell(0, 0).waitFor();
	});

	for (const [render, kind, query, series] of [
		["timechart", "time", "range n from 1 to 200 step 1 | extend t = datetime(2026-01-01) + n * 1h, s = iff(n % 2 == 0, 'even', 'odd'), v = n % 24 | project t, s, v", 2],
		["timechart", "time", "range n from 1 to 300 step 1 | extend t = datetime(2026-01-01) + n * 1h | make-series Events = count() on t from datetime(2026-01-01) to datetime(2026-01-10) step 6h", 1],
		["barchart", "bar", "datatable(Program: string, Count: long) ['bash', 30, 'curl', 12, 'python3', 7]", 1],
		["columnchart", "column", "datatable(Program: string, Day: string, Count: long) ['bash', 'Mon', 30, 'curl', 'Mon', 12, 'bash', 'Tue', 7]", 2],
		["piechart", "pie", "datatable(Program: string, Count: long) ['bash', 30, 'curl', 12, 'python3', 7]", 1],
		["linechart", "line", "range x from 0 to 50 step 1 | extend y = x * x", 1],
		["areachart", "area", "range n from 1 to 50 step 1 | extend t = datetime(2026-01-01) + n * 1d, v = n % 9 | project t, v", 1],
		["scatterchart", "scatter", "range x from 1 to 80 step 1 | extend y = (x * 37) % 50", 1],
	])
		test(`render ${render} draws: ${query.slice(0, 34)}`, async () => {
			await run(`${query}\n| render ${render} with (title = "Of ${render}")`);
			const chart = page().locator(`[data-chart=${kind}]`);
			await chart.waitFor({ timeout: 30000 });
			assert.equal(await chart.getAttribute("data-series"), String(series));
			assert.match(await chart.getAttribute("aria-label"), new RegExp(`Of ${render}`));
			await page().waitForTimeout(300);
			const colours = await chart.locator("canvas").evaluate((canvas) => {
				const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
				const found = new Set();
				for (let i = 0; i < data.length; i += 16) found.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
				return found.size;
			});
			assert.ok(colours > 5, `${colours} colours are no chart`);
			await shared.browser.shot(`hunting-${render}${query.includes("make-series") ? "-series" : ""}`);
		});

	test("render card and table, and another view by hand", async () => {
		await run("print Processes = 1234567 | render card");
		await page().locator("dd").getByText("1,234,567").waitFor();
		await shared.browser.shot("hunting-card");
		await run("datatable(Program: string, Count: long) ['bash', 30, 'curl', 12] | render table");
		await until("rows", async () => (await counted()) === 2, 20);
		await cell(0, 0).waitFor();
		await button(/^View: Table/).click();
		await page().getByRole("menuitemradio", { name: "Pie chart" }).click();
		await page().locator("[data-chart=pie]").waitFor();
		await button(/^View: Pie chart/).click();
		await page().getByRole("menuitemradio", { name: "Table" }).click();
		await cell(0, 0).waitFor();
	});

	test("a query that runs is cancelled, here and on the server", async () => {
		await write(ENDLESS);
		await page().keyboard.press("Control+Enter");
		await page().getByText("The query is running").waitFor();
		const running = async () => (await (await page().request.get(`${shared.stack.base}/portal/api/server`)).json()).hunting.running;
		await until("it runs", async () => (await running()) === 1, 10);
		await page().getByRole("toolbar", { name: "Query" }).getByRole("button", { name: "Cancel" }).click();
		await page().getByText("The query was cancelled").waitFor();
		await until("it ended", async () => (await running()) === 0, 20);
	});

	test("several queries are open side by side and are there after a reload", async () => {
		await write("print first = 1");
		await button("New query").click();
		await write("print second = 2");
		await button("New query").click();
		await write("print third = 3");
		await page().getByRole("group", { name: "Open queries" }).getByRole("button").filter({ hasText: /^Query 2$/ }).click();
		await until("the second", async () => (await code()) === "print second = 2", 5);
		await page().keyboard.press("Escape");
		await page().reload();
		await editor.ready();
		await until("the second again", async () => (await code()) === "print second = 2", 10);
		await page().getByRole("group", { name: "Open queries" }).getByRole("button").filter({ hasText: /^Query 3$/ }).click();
		await until("the third", async () => (await code()) === "print third = 3", 5);
		await button("Close Query 3").click();
		await button("Close Query 2").click();
		await until("the first", async () => (await code()) === "print first = 1", 5);
	});

	test("CSV is harmless to spreadsheets, JSON keeps every value", async () => {
		await run("datatable(Name: string, Command: string, n: long, d: dynamic, t: datetime) ["
			+ "\"=1+1\", \"a,\\\"b\\\"\\nc\", -9223372036854775807, dynamic({\"k\": [1]}), datetime(2026-01-02), "
			+ "\"-rm\", \"\", 5, dynamic(null), datetime(null)]");
		await until("rows", async () => (await counted()) === 2, 20);
		const download = async (name) => {
			await button("Export").click();
			const begun = page().waitForEvent("download");
			await item(name);
			return fs.readFileSync(await (await begun).path(), "utf8");
		};
		assert.equal(await download("CSV, for spreadsheets"),
			"\ufeffName,Command,n,d,t\r\n'=1+1,\"a,\"\"b\"\"\nc\",-9223372036854775807,\"{\"\"k\"\":[1]}\",2026-01-02T00:00:00.0000000Z\r\n"
			+ "'-rm,,5,,\r\n");
		assert.deepEqual(JSON.parse(await download("JSON, for programs")), [
			{ Name: "=1+1", Command: "a,\"b\"\nc", n: "-9223372036854775807", d: { k: [1] }, t: "2026-01-02T00:00:00.0000000Z" },
			{ Name: "-rm", Command: "", n: 5, d: null, t: null },
		]);
	});

	test("a query is kept, changed, shared by its link and opened by another person", async () => {
		await write("print kept = 41");
		await button("Save", { exact: true }).click();
		const dialog = page().getByRole("dialog");
		await dialog.getByLabel("Name").fill("Forty-one");
		await dialog.getByLabel("Description").fill("Of a test");
		await shared.browser.shot("hunting-save");
		await dialog.getByRole("button", { name: "Save" }).click();
		await page().getByRole("group", { name: "Open queries" }).getByRole("button", { name: "Forty-one", exact: true }).waitFor();
		await write("print kept = 42");
		await page().getByText("Changed since it was saved").first().waitFor({ state: "attached" });
		await button("Save", { exact: true }).click();
		await page().getByText("Changed since it was saved").first().waitFor({ state: "detached" });
		await page().getByRole("tab", { name: "Queries" }).click();
		await page().getByRole("region", { name: "Your own" }).getByRole("button", { name: /^Forty-one/ }).waitFor();
		await button("Share", { exact: true }).click();
		await page().getByText("the link works for you alone").waitFor();
		await dialog.getByRole("switch").click();
		await page().getByText("Whoever can log in here can open the link.").waitFor();
		const link = (await dialog.locator("pre").innerText()).trim();
		await shared.browser.shot("hunting-share");
		await dialog.getByRole("button", { name: "Done" }).click();

		await shared.browser.fresh();
		await page().goto(link);
		await shared.browser.login("rut", "another long password");
		await until("the shared query", async () => (await code()) === "print kept = 42", 20);
		await page().getByRole("tab", { name: "Queries" }).click();
		await page().getByRole("region", { name: "Shared by others" }).getByRole("button", { name: /^Forty-one/ }).waitFor();
		assert.equal(await button("Delete Forty-one").count(), 0);
		await write("print mine = 1");
		await button("Save", { exact: true }).click();
		assert.equal(await page().getByRole("dialog").getByRole("checkbox").count(), 0);
		await page().getByRole("dialog").getByLabel("Name").fill("Of my own");
		await page().getByRole("dialog").getByRole("button", { name: "Save" }).click();
		await page().getByRole("region", { name: "Your own" }).getByRole("button", { name: /^Of my own/ }).waitFor();

		await shared.browser.fresh();
		await shared.browser.go("/hunting");
		await shared.browser.login(shared.name, shared.password);
		await editor.ready();
		await page().getByRole("tab", { name: "Queries" }).click();
		assert.equal(await button(/^Of my own/).count(), 0);
		await page().getByRole("region", { name: "Your own" }).getByRole("button", { name: /^Forty-one/ }).click();
		await until("the query", async () => (await code()) === "print kept = 42", 10);
		assert.match(page().url(), /\/hunting\?id=/);
		await button("Delete Forty-one").click();
		await page().getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
		await page().getByText("No kept queries").waitFor();
		await shared.browser.go(link.replace(/^https?:\/\/[^/]+/, ""));
		await page().getByRole("alert").getByText("It is not there, or no longer.").waitFor();
	});

	test("what one ran is in the history and opens again; it can be cleared", async () => {
		await open();
		await run("print remembered = 5");
		await until("the row", async () => (await counted()) === 1, 20);
		await page().getByRole("tab", { name: "History" }).click();
		const first = page().getByRole("complementary", { name: "Schema, queries and history" }).getByRole("listitem").first();
		await first.getByText("print remembered = 5").waitFor();
		await first.getByText("Done").waitFor();
		await page().getByText("Mistakes").first().waitFor();
		await page().getByText("Cancelled", { exact: true }).first().waitFor();
		await shared.browser.shot("hunting-history");
		await button("New query").click();
		await first.getByRole("button").click();
		await until("it is open", async () => (await code()) === "print remembered = 5", 10);
		await button("Clear history").click();
		await page().getByRole("alertdialog").getByRole("button", { name: "Clear history" }).click();
		await page().getByText("Nothing has been run yet").waitFor();
	});

	test("another page hands over a query by the address", async () => {
		await open(`/hunting?query=${encodeURIComponent("print handed = 'over & \"out\"'")}`);
		await until("the query", async () => (await code()) === "print handed = 'over & \"out\"'", 10);
		assert.equal(new URL(page().url()).search, "");
	});

	test("with twenty queries open another waits until one is closed, and says so", async () => {
		const close = page().getByRole("button", { name: /^Close / });
		while ((await close.count()) < 20) {
			await button("New query").click();
			await editor.write("print filler = 1");
		}
		await open(`/hunting?query=${encodeURIComponent("print waited = 1")}`);
		await page().getByRole("alert").getByText("Twenty queries are open; close one first").waitFor();
		await shared.browser.shot("hunting-full");
		await close.first().click();
		await until("the query that waited", async () => (await code()) === "print waited = 1", 10);
		await page().getByRole("alert").getByText("Twenty queries").waitFor({ state: "hidden" });
		while ((await close.count()) > 1) await close.first().click();
	});

	test("a query is handed over to a new detection rule", async () => {
		await write("DeviceProcessEvents | where FileName == 'handed over'");
		await button("Create detection rule").click();
		await until("the page of rules", () => page().url().includes("/detection-rules/new?query=DeviceProcessEvents"), 5);
		await until("the query there", async () => (await code()).includes("FileName == 'handed over'"), 20);
	});

	test("hunting by keyboard alone: write, run, walk the cells, open a row, leave the editor", async () => {
		await open();
		await button("New query").click();
		await page().locator(".monaco-editor .view-lines").click();
		await page().keyboard.type("range n from 1 to 40 step 1");
		await page().keyboard.press("Escape");
		await page().keyboard.press("Control+Enter");
		await until("rows", async () => (await counted()) === 40, 20);
		await page().keyboard.press("Control+M");
		for (let i = 0; i < 12; i++) {
			if (await page().evaluate(() => document.activeElement?.getAttribute("role") === "grid")) break;
			await page().keyboard.press("Tab");
		}
		const active = () => grid().getAttribute("aria-activedescendant");
		for (const key of ["ArrowDown", "ArrowDown", "Space"]) await page().keyboard.press(key);
		assert.equal(await active(), "cell-2-0");
		await page().getByText("1 row selected").waitFor();
		await page().keyboard.press("PageDown");
		await until("a page on", async () => Number((await active())?.split("-")[1]) > 5, 5);
		await page().keyboard.press("Control+Home");
		await page().keyboard.press("Enter");
		await page().getByRole("complementary", { name: "Opened row" }).getByText("Row 1 of 40").waitFor();
		await page().keyboard.press("ArrowUp");
		await until("the head", async () => (await active()) === "cell--1-0", 5);
		await page().keyboard.press("Enter");
		await page().keyboard.press("Enter");
		await until("descending", async () => (await text(0, 0)) === "40", 5);
		await page().keyboard.press("Space");
		await page().getByText("Different values").waitFor();
		await page().keyboard.press("Escape");
		await page().keyboard.press("Control+M");
	});
}
