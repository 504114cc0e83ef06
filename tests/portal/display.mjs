// SPDX-License-Identifier: Apache-2.0
/* display.mjs - both languages, both themes, small windows, the keyboard alone, no foreign request */
import assert from "node:assert/strict";

import { en } from "./texts.mjs";
import { test, until } from "./tap.mjs";

/** Of a picture. */
const nameOf = (where) => where.split("?")[0].replace(/(da)?[0-9a-f]{32,}/, "id").replaceAll("/", "-");

export function cases(shared) {
	const page = () => shared.browser.page;
	const pages = () => [
		"/", "/alerts", shared.alertUrl, "/incidents", "/incidents/1", "/devices", shared.deviceUrl,
		`${shared.deviceUrl}/timeline?range=1h`, `${shared.deviceUrl}/health`, "/hunting", "/onboarding",
		"/detection-rules", "/detection-rules/new", shared.ruleUrl, shared.fileUrl, shared.userUrl, "/coverage",
		"/settings/clients", "/settings/users", "/settings/rules", "/settings/audit", "/password", "/no-such-page",
	];

	const enter = async (options) => {
		await shared.browser.fresh(options);
		await shared.browser.go("/");
		await shared.browser.login(shared.name, shared.password);
		await page().getByRole("navigation").first().waitFor();
	};

	test("before any case nothing went wrong or elsewhere", () => {
		assert.deepEqual(shared.browser.takeProblems(), []);
	});

	for (const [language, theme] of [["en", "light"], ["sv", "dark"]]) {
		test(`axe finds nothing on any page, ${language}, ${theme}`, async () => {
			await enter({ language, theme });
			const found = [];
			for (const where of pages()) {
				await shared.browser.go(where);
				await shared.browser.shot(`${language}-${theme}${nameOf(where)}`);
				for (const v of await shared.browser.violations()) found.push(`${where}: ${v}`);
			}
			assert.deepEqual(found, []);
			assert.deepEqual(shared.browser.takeProblems(), []);
		});
	}

	test("Swedish pages have no English words of ours left", async () => {
		await enter({ language: "sv" });
		assert.equal(await page().evaluate(() => document.documentElement.lang), "sv");
		const sentences = Object.values(en).filter((text) => text.length > 14 && !text.includes("{"));
		for (const where of pages()) {
			await shared.browser.go(where);
			const text = await page().locator("body").innerText();
			assert.deepEqual(sentences.filter((s) => text.includes(s)), [], where);
		}
	});

	test("the language is the account's choice and is kept", async () => {
		await page().getByRole("button", { name: /Konto: / }).click();
		// The page changes at once; the server is told meanwhile.
		const kept = page().waitForResponse((r) => r.request().method() === "PATCH" && r.url().endsWith("/session"));
		await page().getByRole("menuitemradio", { name: "English" }).click();
		await kept;
		await page().getByRole("navigation", { name: "Main navigation" }).waitFor();
		await page().keyboard.press("Escape");
		const session = await (await page().request.get(`${shared.stack.base}/portal/api/session`)).json();
		assert.equal(session.user.language, "en");
		await page().reload();
		await page().getByRole("navigation", { name: "Main navigation" }).waitFor();
	});

	for (const width of [1024, 800]) {
		test(`at ${width} pixels nothing sticks out`, async () => {
			await enter({ width, height: 700 });
			for (const where of pages()) {
				await shared.browser.go(where);
				await shared.browser.shot(`w${width}${nameOf(where)}`);
				const over = await page().evaluate(() => {
					const box = document.querySelector("main") ?? document.body;
					return box.scrollWidth - box.clientWidth;
				});
				assert.ok(over <= 0, `${where} is ${over} pixels too wide`);
			}
		});
	}

	test("log-in, an alert and its handling by keyboard alone, the focus in sight", async () => {
		await shared.browser.fresh();
		// One of a process; a rule that cannot run alerts, too.
		await shared.browser.go("/alerts?q=sensitive");
		const press = (key) => page().keyboard.press(key);
		const tabTo = async (what, ask) => {
			for (let i = 0; i < 60; i++) {
				if (await page().evaluate(ask)) return;
				await press("Tab");
			}
			throw new Error(`Tab does not lead to ${what}`);
		};
		await tabTo("the name", () => document.activeElement?.getAttribute("name") === "username");
		await page().keyboard.type(shared.name);
		await press("Tab");
		await page().keyboard.type(shared.password);
		await press("Enter");
		await page().locator("tbody tr").first().waitFor();
		await press("Tab");
		await tabTo("a row", () => document.activeElement?.tagName === "TR");
		const ring = await page().evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
		assert.equal(ring, "solid");
		await press("ArrowDown");
		await press("ArrowUp");
		await press("Space");
		await page().getByRole("toolbar").waitFor();
		await press("Enter");
		await page().getByRole("tree").getByRole("treeitem").first().waitFor();
		await until("focus on the title", () => page().evaluate(() => document.activeElement?.tagName === "H1"), 5);
		await tabTo("the tree", () => document.activeElement?.getAttribute("role") === "treeitem");
		await press("Home");
		await press("ArrowRight");
		await tabTo("the status", () => document.activeElement?.tagName === "SELECT");
		await page().keyboard.type("Resolved");
		await tabTo("the comment", () => document.activeElement?.tagName === "TEXTAREA");
		await page().keyboard.type("By keyboard.");
		await tabTo("save", () => document.activeElement?.getAttribute("type") === "submit");
		await press("Enter");
		await page().getByText("Saved", { exact: true }).waitFor();
	});

	test("a server that is away is told, and the page works on when it is back", async () => {
		await shared.browser.go("/devices");
		await page().route("**/api/**", (route) => route.abort());
		await page().getByRole("button", { name: "Refresh" }).click();
		await page().getByRole("alert").getByText("The server does not answer.").waitFor();
		await page().unroute("**/api/**");
		await page().getByRole("button", { name: "Try again" }).click();
		await page().getByRole("alert").waitFor({ state: "hidden" });
		await page().locator("tbody tr").first().waitFor();
	});
}
