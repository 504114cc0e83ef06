// SPDX-License-Identifier: Apache-2.0
/* tuning.mjs - an alert that is expected becomes an exception; a rule is switched off, lowered, restored */
import assert from "node:assert/strict";

import { TITLE } from "./alerts.mjs";
import { test, until } from "./tap.mjs";

const REASON = "Our own test, every day.";

export function cases(shared) {
	const page = () => shared.browser.page;
	const rules = () => page().getByRole("region", { name: "Rules" });
	const row = () => rules().locator("tbody tr").filter({ hasText: TITLE });
	const rule = async () => {
		const answer = await page().request.get(`${shared.stack.base}/portal/api/rules`);
		return (await answer.json()).value.find((r) => r.title === TITLE);
	};
	const act = async (item) => {
		await page().getByRole("button", { name: `Actions for ${TITLE}` }).click();
		await page().getByRole("menuitem", { name: item }).click();
	};

	test("an alert says what is expected: as narrow as its process, with what it would have silenced", async () => {
		await shared.browser.go(shared.alertUrl);
		await page().getByRole("button", { name: "This is expected here" }).click();
		const dialog = page().getByRole("dialog");
		assert.ok(await dialog.getByRole("checkbox", { name: "Path of the program" }).isChecked());
		assert.match(await dialog.getByRole("textbox", { name: "Value of Path of the program" }).inputValue(), /^\/\S+\/\S+$/);
		const told = dialog.getByRole("region", { name: "Preview" });
		await told.getByText(/alerts? of the last 30 days would not have been made/).waitFor();
		// Too narrow: nothing of it remains.
		await dialog.getByRole("checkbox", { name: "Started by" }).check();
		await dialog.getByRole("textbox", { name: "Value of Started by" }).fill("nobody");
		await told.getByText(/^0 alerts of the last 30 days/).waitFor();
		await dialog.getByRole("checkbox", { name: "Started by" }).uncheck();
		// Any of the rule's: each process of the alert was started on this device.
		for (const name of ["Path of the program", "Command line", "User"])
			await dialog.getByRole("checkbox", { name }).uncheck();
		await dialog.getByRole("checkbox", { name: "Device", exact: true }).check();
		await told.getByText(/^[1-9]\d* alerts? of the last 30 days/).waitFor();
		assert.ok(await dialog.getByRole("button", { name: "Make exception" }).getAttribute("aria-disabled"));
		await dialog.getByLabel("Reason").fill(REASON);
		await dialog.getByLabel("Expires").selectOption("30");
		await shared.browser.shot("expected");
		await dialog.getByRole("button", { name: "Make exception" }).click();
		await dialog.waitFor({ state: "hidden" });
	});

	test("what is expected makes no alert, is counted and listed until it is removed", async () => {
		const before = await (await page().request.get(`${shared.stack.base}/api/alerts?$count=true`)).json();
		shared.stack.testAlert();
		await until("silenced matches", async () => (await rule()).silenced > 0, 40);
		const after = await (await page().request.get(`${shared.stack.base}/api/alerts?$count=true`)).json();
		assert.equal(after["@odata.count"], before["@odata.count"]);
		await shared.browser.go("/settings/rules");
		const listed = page().getByRole("region", { name: "Exceptions" }).locator("tbody tr").filter({ hasText: REASON });
		await listed.waitFor();
		assert.match(await listed.innerText(), /Device\s+is/);
		await shared.browser.shot("exceptions");
		await listed.getByRole("button", { name: "Remove" }).click();
		await page().getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
		await page().getByText("No exceptions").waitFor();
	});

	test("a rule is lowered, switched off and brought back", async () => {
		assert.equal((await rule()).severity, "Low");
		await act("Lower to Informational");
		await row().getByText("Informational").waitFor();
		await act("Switch off");
		await row().getByText("Off", { exact: true }).waitFor();
		await shared.browser.shot("rules-tuned");
		await act("Back to Low");
		await act("Switch on");
		await row().getByText("Running").waitFor();
		assert.equal((await rule()).severity, "Low");
	});
}
