// SPDX-License-Identifier: Apache-2.0
/* account.mjs - getting in, the first password, the end of a session */
import assert from "node:assert/strict";

import { test } from "./tap.mjs";

export function cases(shared) {
	test("a wrong password is refused and told", async () => {
		const { browser } = shared;
		await browser.go("/alerts");
		await browser.login(shared.name, "certainly wrong");
		await browser.page.getByRole("alert").getByText("Wrong user name or password").waitFor();
	});

	test("the first password must be changed before anything else", async () => {
		const { browser, stack } = shared;
		const { page } = browser;
		await browser.login(shared.name, stack.firstPassword);
		await page.getByRole("heading", { name: "Change password" }).waitFor();
		await page.goto(`${stack.base}/devices`);
		await page.getByRole("heading", { name: "Change password" }).waitFor();
		const fill = (label, value) => page.getByLabel(label, { exact: true }).fill(value);
		await fill("Current password", stack.firstPassword);
		await fill("New password", "short");
		await fill("New password again", "short");
		await page.locator("button[type=submit]").click();
		await page.getByRole("alert").getByText("At least 12 characters").waitFor();
		await fill("New password", shared.password);
		await fill("New password again", shared.password);
		await page.locator("button[type=submit]").click();
		await page.getByRole("heading", { name: "Devices" }).waitFor();
	});

	test("a session that ended leads to the log-in and back", async () => {
		const { browser } = shared;
		const { page, context } = browser;
		await browser.go("/alerts?severity=Low");
		await context.clearCookies();
		await page.getByRole("button", { name: "Refresh" }).click();
		await page.getByText("Your session has ended").waitFor();
		await browser.login(shared.name, shared.password);
		await page.getByRole("heading", { name: "Alerts", exact: true }).waitFor();
		assert.equal(new URL(page.url()).search, "?severity=Low");
	});

	test("log-out ends the session on the server", async () => {
		const { browser, stack } = shared;
		const { page, context } = browser;
		const cookies = await context.cookies();
		await page.getByRole("button", { name: /Account: / }).click();
		await page.getByRole("menuitem", { name: "Log out" }).click();
		await page.getByRole("heading", { name: "Log in" }).waitFor();
		await context.addCookies(cookies);
		const answer = await context.request.get(`${stack.base}/portal/api/session`);
		assert.equal(answer.status(), 401);
		await context.clearCookies();
		await browser.login(shared.name, shared.password);
		await page.getByRole("navigation", { name: "Main navigation" }).waitFor();
		shared.tenantId = (await (await context.request.get(`${stack.base}/portal/api/session`)).json()).tenantId;
	});
}
