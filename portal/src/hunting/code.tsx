// SPDX-License-Identifier: Apache-2.0
/*
 * code.tsx - the editor of hunting queries; loaded late, see editor.tsx
 *
 * The language's service marks mistakes at once. When the hand rests the server's compiler is asked:
 * what it says replaces those marks, for it is the one that runs the query.
 */
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, type Ref } from "react";

import { checkQuery, loadSchema, unitsOf, type Diagnostic } from "@/api/hunting";

import type { EditorHandle, EditorProps } from "./editor";
import { colour, giveSchema, LANGUAGE, monaco } from "./monaco";
import css from "./editor.module.css";

const CHECK_MS = 600;
const OWNER = "vakt";

type Model = monaco.editor.ITextModel;
type Editor = monaco.editor.IStandaloneCodeEditor;

function rangeOf(model: Model, text: string, start: number, d: Diagnostic): monaco.IRange {
	const from = model.getPositionAt(start + unitsOf(text, d.offset));
	const to = model.getPositionAt(start + unitsOf(text, d.offset + Math.max(1, d.length)));
	return {
		startLineNumber: from.lineNumber,
		startColumn: from.column,
		endLineNumber: to.lineNumber,
		endColumn: to.column,
	};
}

interface Judgement {
	/** Of the document. */
	version: number;
	marks: monaco.editor.IMarkerData[];
}

/** Models of the open documents, and what the server has said of each. */
class Documents {
	private models = new Map<string, Model>();
	private judged = new Map<string, Judgement>();
	private views = new Map<string, monaco.editor.ICodeEditorViewState>();
	private listener = monaco.editor.onDidChangeMarkers(() => this.silence());

	constructor(private say: (d: Diagnostic) => string) {}

	/** Texts that were typed and have not come back through the page yet. */
	private typed: string[] = [];
	private taking = false;

	open(id: string, text: string): Model {
		let model = this.models.get(id);
		if (!model) {
			model = monaco.editor.createModel(text, LANGUAGE);
			model.setEOL(monaco.editor.EndOfLineSequence.LF);
			this.models.set(id, model);
			model.onDidChangeDecorations(() => this.restore(id));
			if (text) colour();
		}
		return model;
	}

	/** A text from the page: of the person's own typing, which goes on meanwhile, or another. */
	take(model: Model, text: string) {
		const own = this.typed.lastIndexOf(text);
		if (own >= 0) this.typed.splice(0, own + 1);
		if (own >= 0 || model.getValue() === text) return;
		this.typed = [];
		this.taking = true;
		model.setValue(text);
		this.taking = false;
	}

	/** False: it was not typed. */
	type(text: string) {
		if (!this.taking) this.typed.push(text);
		return !this.taking;
	}

	switch() {
		this.typed = [];
	}

	keepView(id: string, editor: Editor) {
		const view = editor.saveViewState();
		if (view) this.views.set(id, view);
	}

	view(id: string) {
		return this.views.get(id) ?? null;
	}

	/** What the server says of a part of the document that begins at start. */
	judge(id: string, text: string, start: number, diagnostics: readonly Diagnostic[]) {
		const model = this.models.get(id);
		if (!model) return;
		const marks = diagnostics.map((d) => ({
			...rangeOf(model, text, start, d), severity: monaco.MarkerSeverity.Error, message: this.say(d), code: d.code,
		}));
		this.judged.set(id, { version: model.getVersionId(), marks });
		monaco.editor.setModelMarkers(model, OWNER, marks);
		this.silence();
	}

	forget(id: string) {
		const model = this.models.get(id);
		if (!model) return;
		this.judged.delete(id);
		monaco.editor.setModelMarkers(model, OWNER, []);
	}

	/** The service has nothing to say about what the server has judged. */
	private silence() {
		for (const [id, { version }] of this.judged) {
			const model = this.models.get(id);
			if (!model || model.getVersionId() !== version) continue;
			if (monaco.editor.getModelMarkers({ resource: model.uri, owner: LANGUAGE }).length)
				monaco.editor.setModelMarkers(model, LANGUAGE, []);
		}
	}

	/** The service takes away all that looks like a mistake before it marks its own, as the cursor moves, too. */
	private restore(id: string) {
		const model = this.models.get(id);
		const judged = this.judged.get(id);
		if (!model || !judged || model.getVersionId() !== judged.version) return;
		const shown = model.getAllDecorations().filter((d) => d.options.className === "squiggly-error").length;
		if (shown < judged.marks.length) monaco.editor.setModelMarkers(model, OWNER, judged.marks);
	}

	keepOnly(ids: readonly string[]) {
		for (const [id, model] of this.models) {
			if (ids.includes(id)) continue;
			model.dispose();
			this.models.delete(id);
			this.judged.delete(id);
			this.views.delete(id);
		}
	}

	close() {
		this.listener.dispose();
		this.keepOnly([]);
	}
}

const OPTIONS: monaco.editor.IStandaloneEditorConstructionOptions = {
	automaticLayout: true,
	fixedOverflowWidgets: true,
	fontFamily: "'JetBrains Mono Variable', ui-monospace, Consolas, monospace",
	fontSize: 13,
	fontLigatures: false,
	lineHeight: 20,
	lineNumbersMinChars: 3,
	lineDecorationsWidth: 6,
	minimap: { enabled: false },
	overviewRulerLanes: 0,
	folding: false,
	glyphMargin: false,
	padding: { top: 8, bottom: 8 },
	renderLineHighlight: "line",
	scrollBeyondLastLine: false,
	scrollbar: { alwaysConsumeMouseWheel: false, verticalScrollbarSize: 10, horizontalScrollbarSize: 10 },
	stickyScroll: { enabled: false },
	suggest: { showWords: false },
	wordWrap: "on",
	wordBasedSuggestions: "off",
	unicodeHighlight: { ambiguousCharacters: false },
	"semanticHighlighting.enabled": true,
	links: false,
};

function handleOf(editor: Editor, documents: Documents, id: () => string): EditorHandle {
	return {
		focus: () => editor.focus(),
		insert(text) {
			const selection = editor.getSelection();
			if (!selection) return;
			editor.pushUndoStop();
			editor.executeEdits("insert", [{ range: selection, text, forceMoveMarkers: true }]);
			editor.pushUndoStop();
			editor.focus();
		},
		chosen() {
			const selection = editor.getSelection();
			const model = editor.getModel();
			if (!selection || !model || selection.isEmpty()) return null;
			const text = model.getValueInRange(selection);
			const start = model.getOffsetAt(selection.getStartPosition());
			return text.trim() ? { text, start } : null;
		},
		mark: (text, start, diagnostics) => documents.judge(id(), text, start, diagnostics),
		reveal(text, start, diagnostic) {
			const model = editor.getModel();
			if (!model) return;
			const { startLineNumber: lineNumber, startColumn: column } = rangeOf(model, text, start, diagnostic);
			editor.setPosition({ lineNumber, column });
			editor.revealPositionInCenterIfOutsideViewport({ lineNumber, column });
			editor.focus();
		},
	};
}

function useEditor(props: EditorProps) {
	const latest = useRef(props);
	latest.current = props;
	const host = useRef<HTMLDivElement>(null);
	const editor = useRef<Editor | null>(null);
	const documents = useRef<Documents | null>(null);
	// Before the page gets its handle.
	useLayoutEffect(() => {
		if (!host.current) return;
		const made = monaco.editor.create(host.current, { ...OPTIONS, model: null });
		const kept = new Documents((d) => latest.current.say(d));
		editor.current = made;
		documents.current = kept;
		const run = () => latest.current.onRun?.();
		const keys = [monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, monaco.KeyMod.Shift | monaco.KeyCode.Enter];
		if (latest.current.onRun)
			made.addAction({ id: "vakt.run", label: latest.current.runLabel ?? "Run", keybindings: keys, run });
		const typed = made.onDidChangeModelContent(() => {
			const text = made.getValue();
			if (kept.type(text)) latest.current.onChange(text);
		});
		// Widths were measured with whatever font was there.
		void document.fonts.load("13px 'JetBrains Mono Variable'").then(() => monaco.editor.remeasureFonts());
		return () => {
			typed.dispose();
			made.dispose();
			kept.close();
			editor.current = null;
			documents.current = null;
		};
	}, []);
	return { host, editor, documents };
}

/** Marks what the page's check says; without one asks the server when the hand rests. */
function useCheck({ id, text, judged }: EditorProps, documents: { current: Documents | null }) {
	useEffect(() => {
		documents.current?.forget(id);
		if (judged) documents.current?.judge(id, text, 0, judged);
		if (judged !== undefined || !text.trim()) return;
		const controller = new AbortController();
		const timer = setTimeout(() => {
			checkQuery(text, controller.signal).then(
				({ diagnostics }) => documents.current?.judge(id, text, 0, diagnostics),
				() => undefined, // the service's marks stay
			);
		}, CHECK_MS);
		return () => {
			clearTimeout(timer);
			controller.abort();
		};
	}, [id, text, judged, documents]);
}

export default function Code(props: EditorProps & { handle?: Ref<EditorHandle> | undefined }) {
	const { id, ids, text, label, dark, readOnly = false, handle } = props;
	const { host, editor, documents } = useEditor(props);
	const shown = useRef("");
	useEffect(() => {
		const target = editor.current;
		const kept = documents.current;
		if (!target || !kept) return;
		const model = kept.open(id, text);
		if (target.getModel() !== model) {
			if (shown.current) kept.keepView(shown.current, target);
			kept.switch();
			target.setModel(model);
			target.restoreViewState(kept.view(id));
			shown.current = id;
		}
		kept.take(model, text);
	}, [id, text, editor, documents]);
	useEffect(() => {
		documents.current?.keepOnly(ids ?? [id]);
	}, [ids, id, documents]);
	useEffect(() => {
		monaco.editor.setTheme(dark ? "vakt-dark" : "vakt-light");
	}, [dark]);
	useEffect(() => {
		editor.current?.updateOptions({ ariaLabel: label });
	}, [label, editor]);
	useEffect(() => {
		editor.current?.updateOptions({
			readOnly, domReadOnly: readOnly, renderLineHighlight: readOnly ? "none" : "line",
		});
	}, [readOnly, editor]);
	useEffect(() => {
		void loadSchema().then(giveSchema).catch(() => undefined);
	}, []);
	useCheck(props, documents);
	useImperativeHandle(handle, () => {
		const target = editor.current as Editor;
		return handleOf(target, documents.current as Documents, () => shown.current);
	}, [editor, documents]);
	return <div ref={host} className={css["host"]} />;
}
