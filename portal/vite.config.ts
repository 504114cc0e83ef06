// SPDX-License-Identifier: Apache-2.0
/*
 * vite.config.ts - one small base bundle, pages as chunks, nothing inlined
 *
 * Files below assets/ carry a hash of their content in their names: the server lets browsers keep
 * them for ever. Data URLs are off because the content security policy refuses fonts from them.
 */
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
	plugins: [react()],
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
