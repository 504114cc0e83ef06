// SPDX-License-Identifier: Apache-2.0
/* settings.mjs - onboarding tokens, API clients, users, rules, the audit log; a reader sees and changes nothing */
import assert from "node:assert/strict";

import { test, until } from "./tap.mjs";

export function cases(shared) {
	const page = () => shared.browser.page;
	const row = (text) => page().locator("tbody tr").filter({ hasText: text });

	test("the overview counts what there is", async () => {
		await shared.browser.go("/");
		await page().getByRole("region", { name: "Devices" }).getByRole("link", { name: /^Active/ }).waitFor();
		await shared.browser.shot("overview");
		await page().getByRole("region", { name: "Devices" }).getByRole("link", { name: /^Active/ }).click();
		await page().getByRole("heading", { level: 1, name: "Devices" }).waitFor();
		await row("Active").first().waitFor();
	});

	test("an onboarding token is made, shown once and revoked", async () => {
		await shared.browser.go("/onboarding");
		await page().getByLabel("Description", { exact: true }).fill("Made by a test");
		await page().getByLabel("Number of devices").fill("3");
		await page().getByRole("button", { name: "Make token" }).click();
		await page().getByText(/vakt onboard --token/).first().waitFor();
		await row("Made by a test").getByText("0 / 3").waitFor();
		await shared.browser.shot("onboarding");
		await row("Made by a test").getByRole("button", { name: "Revoke" }).click();
		await page().getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
		await row("Made by a test").getByText("Revoked").waitFor();
	});

	test("an API client is made and its secret opens the API; revoked it opens nothing", async () => {
		await shared.browser.go("/settings/clients");
		await page().getByRole("button", { name: "New API client" }).click();
		const dialog = page().getByRole("dialog");
		await dialog.getByLabel("Name").fill("siem");
		await dialog.getByRole("checkbox", { name: "Alert.Read.All" }).check();
		await dialog.getByRole("button", { name: "Create" }).click();
		const shown = page().getByRole("alertdialog");
		const value = (label) => shown.locator(`pre[aria-label="${label}"]`).innerText();
		const form = {
			client_id: await value("Client id"), client_secret: await value("Secret"),
			grant_type: "client_credentials", scope: "https://vakt/.default",
		};
		const url = `${shared.stack.base}/${await value("Tenant id")}/oauth2/v2.0/token`;
		const token = await page().request.post(url, { form });
		assert.equal(token.status(), 200, await token.text());
		await shown.getByRole("button", { name: "Done" }).click();
		await row("siem").getByRole("button", { name: "Revoke" }).click();
		await page().getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
		await row("siem").getByText("Revoked").waitFor();
		assert.equal((await page().request.post(url, { form })).status(), 401);
		await shared.browser.shot("clients");
	});

	test("a reader is made, logs in with the first password and may change nothing", async () => {
		await shared.browser.go("/settings/users");
		await page().getByRole("button", { name: "New user" }).click();
		const dialog = page().getByRole("dialog");
		await dialog.getByLabel("User name").fill("rut");
		await dialog.getByRole("button", { name: "Create" }).click();
		const first = await page().locator('pre[aria-label="Password"]').innerText();
		await page().getByRole("button", { name: "Done" }).click();
		await row("rut").getByText("Reader").waitFor();
		await shared.browser.shot("users");

		await shared.browser.fresh();
		await shared.browser.go("/alerts");
		await shared.browser.login("rut", first);
		await page().getByRole("heading", { name: "Change password" }).waitFor();
		await page().getByLabel("Current password").fill(first);
		await page().getByLabel("New password", { exact: true }).fill("another long password");
		await page().getByLabel("New password again").fill("another long password");
		await page().locator("button[type=submit]").click();
		await page().getByRole("navigation", { name: "Main navigation" }).waitFor();
		const links = page().getByRole("navigation", { name: "Main navigation" });
		assert.equal(await links.getByRole("link", { name: "Onboarding" }).count(), 0);
		assert.equal(await links.getByRole("link", { name: "Settings" }).count(), 0);
		await shared.browser.go(shared.alertUrl);
		assert.ok(await page().getByLabel("Status", { exact: true }).isDisabled());
		assert.equal(await page().getByRole("button", { name: "Save" }).count(), 0);
	});

	test("rules are listed, the one that has matched first, with when it did", async () => {
		await shared.browser.fresh();
		await shared.browser.go("/settings/rules");
		await shared.browser.login(shared.name, shared.password);
		const section = page().getByRole("region", { name: "Rules" });
		const first = section.locator("tbody tr").first();
		await first.waitFor();
		const cells = (await first.locator("th, td").allInnerTexts()).map((s) => s.trim());
		// The test alert of the cases before; its rule is Vakt's own.
		assert.match(cells[0], /sensitive data/i);
		assert.equal(cells[2], "Vakt");
		assert.equal(cells[3], "Running");
		assert.ok(Number(cells[4]) >= 1, cells.join(" | "));
		assert.match(cells[6], /^\d{4}-\d\d-\d\d /);
		const told = Number(/(\d+) rules are in use/.exec(await section.innerText())[1]);
		assert.ok(told > 10);
		assert.equal(await section.locator("tbody tr").count(), told);
		const answer = await page().request.get(`${shared.stack.base}/portal/api/rules`);
		const { value } = await answer.json();
		assert.equal(value[0].title, cells[0]);
		await shared.browser.shot("rules");
	});

	test("the audit log tells who did what", async () => {
		await shared.browser.go("/settings/audit");
		await row("rut").first().waitFor();
		await until("log-ins", async () => (await row("Log-in").count()) > 1, 10);
		await shared.browser.shot("audit");
	});
}
