// SPDX-License-Identifier: Apache-2.0
/*
 * browser.mjs - Debian's Chromium, and what every page must keep: no foreign request, no error
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

import { chromium } from "playwright-core";

const FLAGS = [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export class Browser {
	problems = [];

	constructor(base) {
		this.base = base;
	}

	async up() {
		this.browser = await chromium.launch({
			executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS,
		});
		await this.fresh();
	}

	/** A new profile: not logged in, nothing stored. */
	async fresh({ language = "en", theme = "light", width = 1440, height = 900 } = {}) {
		await this.context?.close();
		this.context = await this.browser.newContext({
			ignoreHTTPSErrors: true, viewport: { width, height }, timezoneId: "Europe/Stockholm",
			locale: language === "sv" ? "sv-SE" : "en-GB", colorScheme: theme,
		});
		this.page = await this.context.newPage();
		this.page.setDefaultTimeout(15000);
		this.page.on("pageerror", (error) => this.problems.push(`page error: ${error.message}`));
		this.page.on("console", (message) => {
			// A refused request is told by the page; the browser's own line about it is no error of ours.
			if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
				this.problems.push(`console: ${message.text()}`);
		});
		this.page.on("request", (request) => {
			const { origin, protocol } = new URL(request.url());
			if (origin !== this.base && protocol !== "blob:")
				this.problems.push(`request to ${request.url()}`);
		});
		return this.page;
	}

	async go(where) {
		await this.page.goto(this.base + where);
		await this.settled();
	}

	/** A title is there and nothing is loading any more. */
	async settled() {
		await this.page.waitForFunction(() =>
			document.querySelector("h1") &&
			!document.querySelector("[role=status][aria-label], [role=row][aria-busy=true]"));
	}

	async login(name, password) {
		await this.page.locator("input[name=username]").fill(name);
		await this.page.locator("input[name=password]").fill(password);
		await this.page.locator("button[type=submit]").click();
	}

	takeProblems() {
		return this.problems.splice(0);
	}

	/** What axe-core has against the page, in words. */
	async violations() {
		await this.page.evaluate(AXE);
		const violations = await this.page.evaluate(async () => {
			// Fluent's focus traps hold invisible stops that send the focus on at once.
			const result = await window.axe.run({ exclude: ["[data-tabster-dummy]"] }, {
				runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
			});
			// The timeline's grid is the stop for Tab and moves its rows by keys, as a case of its own shows.
			const byGrid = ({ target }) =>
				document.querySelector(target[0])?.parentElement.matches("[role=grid][tabindex='0']");
			return result.violations.filter((v) =>
				v.id !== "scrollable-region-focusable" || !v.nodes.every(byGrid));
		});
		return violations.map((v) =>
			`${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`);
	}

	async shot(name) {
		const dir = process.env.VAKT_SHOTS;
		if (!dir) return;
		fs.mkdirSync(dir, { recursive: true });
		await this.page.screenshot({ path: path.join(dir, `${name}.png`) });
	}

	async down() {
		await this.browser?.close();
	}
}
