// SPDX-License-Identifier: Apache-2.0
/*
 * vite.config.ts - one small base bundle, pages as chunks, nothing inlined
 *
 * Files below assets/ carry a hash of their content in their names: the server lets browsers keep
 * them for ever. Data URLs are off because the content security policy refuses fonts from them.
 */
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/**
 * The query language's service looks a document up when its worker answers and takes for granted
 * that it is still open: a tab closed meanwhile was an error in the console. A document that is
 * gone has no version, and an answer for another version is dropped.
 */
function closedDocuments(): Plugin {
	const LOOKUP = "newModel.getVersionId()";
	const PLACES = 2;
	return {
		name: "vakt-closed-documents",
		transform(code, id) {
			if (!id.endsWith("/@kusto/monaco-kusto/release/esm/languageFeatures.js")) return null;
			const parts = code.split(LOOKUP);
			if (parts.length !== PLACES + 1)
				this.error(`"${LOOKUP}" stands ${parts.length - 1} times in ${id}, not ${PLACES}: look whether it needs mending still`);
			return { code: parts.join("newModel?.getVersionId()"), map: null };
		},
	};
}

export default defineConfig({
	plugins: [react(), closedDocuments()],
	resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
	worker: {
		rollupOptions: {
			// The query language's service has an eval that nothing calls; the policy refuses it anyway.
			onwarn: (warning, warn) => warning.code === "EVAL" || warn(warning),
		},
	},
	build: {
		target: "es2022",
		assetsInlineLimit: 0,
		// The query language's service and its editor are large; both come late.
		chunkSizeWarningLimit: 10000,
		reportCompressedSize: false,
		modulePreload: { polyfill: false },
		rollupOptions: {
			output: {
				manualChunks: { react: ["react", "react-dom"] },
			},
		},
	},
});
