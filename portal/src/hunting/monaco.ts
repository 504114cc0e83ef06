// SPDX-License-Identifier: Apache-2.0
/*
 * monaco.ts - the editor and the language's service, set up once; a chunk of its own
 *
 * Both workers are files of ours: nothing is fetched from elsewhere, nothing is evaluated. Of the
 * editor only the core is taken, of its languages none.
 */
import "monaco-editor/esm/vs/editor/editor.all.js";
import * as monaco from "monaco-editor/esm/vs/editor/editor.api";
import { getKustoWorker, kustoDefaults, type EngineSchema } from "@kusto/monaco-kusto";

import type { HuntingSchema } from "@/api/hunting";

export { monaco };
export const LANGUAGE = "kusto";

self.MonacoEnvironment = {
	getWorker(_: string, label: string) {
		return label === LANGUAGE
			? new Worker(new URL("./kusto.worker.ts", import.meta.url), { type: "module" })
			: new Worker(new URL("./editor.worker.ts", import.meta.url), { type: "module" });
	},
};

kustoDefaults.setLanguageSettings({
	...kustoDefaults.languageSettings,
	includeControlCommands: false,
	// At once by rules, then by meaning.
	useTokenColorization: true,
	newlineAfterPipe: true,
	enableQueryWarnings: false,
	enableQuerySuggestions: false,
});

/** What the portal's own colours are in the editor; every pair above 4.5. */
function theme(base: "vs" | "vs-dark", c: Record<string, string>): monaco.editor.IStandaloneThemeData {
	const rule = (token: string, foreground: string | undefined) => ({ token, foreground: foreground ?? "" });
	return {
		base,
		inherit: true,
		// Until the service has named each word; editor.module.css has the colours of its names.
		rules: [
			rule("", c["text"]), rule("comment", c["comment"]), rule("string", c["string"]), rule("number", c["string"]),
			rule("function", c["function"]), rule("operator.sql", c["operator"]), rule("operator.scss", c["keyword"]),
			rule("keyword", c["keyword"]), rule("type", c["keyword"]), rule("tag", c["keyword"]),
			rule("variable.parameter", c["table"]), rule("variable", c["column"]), rule("variable.predefined", c["column"]),
			rule("annotation", c["column"]),
		],
		colors: {
			"editor.background": c["ground"] ?? "",
			"editor.foreground": c["text"] ?? "",
			"editorGutter.background": c["ground"] ?? "",
			"editorLineNumber.foreground": c["dim"] ?? "",
			"editorLineNumber.activeForeground": c["text"] ?? "",
			"editorWidget.background": c["raised"] ?? "",
			"editorWidget.border": c["stroke"] ?? "",
			"editorHoverWidget.background": c["raised"] ?? "",
			"editorSuggestWidget.background": c["raised"] ?? "",
			"editorSuggestWidget.selectedBackground": c["chosen"] ?? "",
			"editorSuggestWidget.selectedForeground": c["text"] ?? "",
			"editorSuggestWidget.highlightForeground": c["function"] ?? "",
			"editorSuggestWidget.focusHighlightForeground": c["function"] ?? "",
			"editor.lineHighlightBackground": c["line"] ?? "",
			"editor.lineHighlightBorder": "#00000000",
			focusBorder: c["focus"] ?? "",
		},
	};
}

monaco.editor.defineTheme("vakt-light", theme("vs", {
	ground: "#ffffff", raised: "#ffffff", text: "#242424", dim: "#6b757c", stroke: "#e1e6e9", chosen: "#d8ebf0",
	line: "#f5f8f9", focus: "#0c768d", comment: "#3f7047", string: "#a31515", keyword: "#0a4fb3",
	operator: "#a03e00", function: "#0a6476", table: "#7a2fa0", column: "#9a1662",
}));
monaco.editor.defineTheme("vakt-dark", theme("vs-dark", {
	ground: "#1b2023", raised: "#252b2f", text: "#e4e8ea", dim: "#8b969c", stroke: "#3a4347", chosen: "#25424a",
	line: "#21272a", focus: "#64b1c4", comment: "#85b48c", string: "#e6a48c", keyword: "#82b4f0",
	operator: "#ffb27a", function: "#7fc0d0", table: "#d3a6ea", column: "#f09ac4",
}));

const BLANK = "''";

/** Functions over our own data, which the language's service does not know by itself. */
const FUNCTIONS: EngineSchema["cluster"]["databases"][number]["functions"] = [
	{
		name: "FileProfile",
		docstring: "What is known of a file: how many devices have it, since when.",
		inputParameters: [
			{ name: "T", columns: [] },
			{ name: "Column", type: "System.String", cslType: "string", cslDefaultValue: "''" },
			{ name: "Limit", type: "System.Int64", cslType: "long", cslDefaultValue: "1000" },
		],
		body: `{ T | extend GlobalPrevalence = long(null), GlobalFirstSeen = datetime(null), `
			+ `GlobalLastSeen = datetime(null), Signer = ${BLANK}, Issuer = ${BLANK}, SignatureState = ${BLANK}, `
			+ `ThreatName = ${BLANK}, Publisher = ${BLANK}, SoftwareName = ${BLANK}, ProfileAvailability = ${BLANK} }`,
	},
	{
		name: "SeenBy",
		docstring: "Which devices have seen a device.",
		inputParameters: [{ name: "T", columns: [] }],
		body: "{ T | extend SeenBy = dynamic(null) }",
	},
];

let given: Promise<void> | null = null;

/** Tells the language's service which tables there are. */
export function giveSchema(schema: HuntingSchema): Promise<void> {
	given ??= (async () => {
		const database = {
			name: "vakt",
			tables: schema.tables.map((t) => ({
				name: t.name,
				entityType: "Table" as const,
				docstring: t.description,
				columns: t.columns.map((c) => ({ name: c.name, type: c.type, docstring: c.description })),
			})),
			functions: FUNCTIONS,
			graphs: [],
			entityGroups: [],
			majorVersion: 1,
			minorVersion: 0,
		};
		const accessor = await getKustoWorker();
		const model = monaco.editor.createModel("", LANGUAGE);
		const worker = await accessor(model.uri);
		await worker.setSchema({
			clusterType: "Engine",
			cluster: { connectionString: window.location.origin, databases: [database] },
			database,
		});
		model.dispose();
	})();
	return given;
}

/** The service colours a document when it changes; one that was made with a text did not. */
export function colour() {
	void given?.then(() => kustoDefaults.setLanguageSettings(kustoDefaults.languageSettings));
}
