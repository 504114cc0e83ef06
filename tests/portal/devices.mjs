// SPDX-License-Identifier: Apache-2.0
/* devices.mjs - inventory, a device's pages, its own live timeline */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import os from "node:os";

import { test, until } from "./tap.mjs";

export function cases(shared) {
	const page = () => shared.browser.page;

	test("the inventory lists this machine as active", async () => {
		await shared.browser.go("/devices");
		const row = page().locator("tbody tr").filter({ hasText: os.hostname() });
		await row.getByText("Active", { exact: true }).waitFor();
		await shared.browser.shot("devices");
		await row.getByRole("link").click();
		await page().getByRole("heading", { level: 1, name: os.hostname() }).waitFor();
		await shared.browser.settled();
		shared.deviceUrl = new URL(page().url()).pathname;
		shared.deviceId = shared.deviceUrl.split("/").at(-1);
		await page().getByRole("region", { name: "About the device" }).getByText(shared.deviceId).waitFor();
		await shared.browser.shot("device");
	});

	test("the device's alerts and health have their pages", async () => {
		await page().getByRole("tab", { name: "Alerts" }).click();
		await page().locator("tbody tr").first().waitFor();
		assert.match(page().url(), /\/alerts$/);
		await page().getByRole("tab", { name: "Sensor health" }).click();
		await page().getByRole("region", { name: "Health" }).getByText("Active", { exact: true }).waitFor();
		await shared.browser.settled();
		await shared.browser.shot("health");
	});

	test("what is done on the machine is in its timeline", async () => {
		const marker = `portal-marker-${process.pid}`;
		execFileSync("/bin/true", [marker]);
		await shared.browser.go(`${shared.deviceUrl}/timeline?range=1h&q=${marker}`);
		const row = page().locator("[role=row]").filter({ hasText: marker }).first();
		await until("the event", async () => {
			await page().getByRole("button", { name: "Refresh" }).click();
			await page().waitForTimeout(700);
			return row.isVisible();
		}, 40);
		await row.click();
		const panel = page().getByRole("complementary", { name: "Selected event" });
		await panel.getByText("ProcessCommandLine", { exact: true }).waitFor();
		await panel.getByText("InitiatingProcessFileName", { exact: true }).waitFor();
		await panel.getByRole("tab", { name: "Process tree" }).click();
		await panel.getByRole("tree").getByRole("treeitem", { name: /^true\b/ }).waitFor();
		await shared.browser.shot("event");
		await page().keyboard.press("Escape");
		await panel.waitFor({ state: "hidden" });
	});

	test("a device that is not there is told, with the way back", async () => {
		await shared.browser.go("/devices/0000000000000000000000000000000000000000");
		await page().getByText("It is not there, or no longer.").waitFor();
		await page().getByRole("link", { name: "Devices" }).first().waitFor();
	});
}
