// SPDX-License-Identifier: Apache-2.0
/* editor.mjs - the editor of queries, used as a person uses it: it is no field that could be filled */
import assert from "node:assert/strict";

import { until } from "./tap.mjs";

export class Editor {
	/** page: what answers the page of now. */
	constructor(page) {
		this.page = page;
	}

	async ready() {
		await this.page().locator(".monaco-editor").first().waitFor();
	}

	/** The query, as much of it as is in sight. */
	async text() {
		const lines = await this.page().locator(".view-lines .view-line").allInnerTexts();
		return lines.join("\n").replaceAll("\u00a0", " ");
	}

	/** In place of what is there; as typed at once. */
	async write(query) {
		const { keyboard } = this.page();
		await this.page().locator(".monaco-editor .view-lines").click();
		await keyboard.press("Control+A");
		await keyboard.press("Delete");
		await keyboard.insertText(query);
		await keyboard.press("Escape");
	}

	/** Marks under what is wrong. */
	mistakes() {
		return this.page().locator(".squiggly-error");
	}

	/** The language's service, which is large, is there and has looked at the query. */
	async coloured() {
		await this.page().locator(".view-line .Table").first().waitFor();
	}

	/** For as long as the service takes to look again. */
	async keepsMistakes() {
		await this.page().waitForTimeout(1200);
		assert.ok((await this.mistakes().count()) > 0, "the marks are gone");
	}

	/** What is told of the first mistake where it stands. */
	async hover() {
		const at = await this.mistakes().first().boundingBox();
		await this.page().mouse.move(at.x + at.width / 2, at.y + at.height / 2, { steps: 4 });
		return this.page().locator(".monaco-hover");
	}

	/** Chooses what is suggested under this name. */
	async complete(name) {
		await this.page().locator(".suggest-widget").getByText(name).first().waitFor();
		await this.page().keyboard.press("Enter");
	}

	hasFocus() {
		return this.page().evaluate(() => document.activeElement?.closest(".monaco-editor") !== null);
	}

	async typedAtPlace(text) {
		await this.page().keyboard.type("Z");
		await until(`typed at ${text}`, async () => (await this.text()).includes(`Z${text}`), 5);
	}
}
