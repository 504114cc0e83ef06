// SPDX-License-Identifier: Apache-2.0
/*
 * editor.tsx - an editor for hunting queries, for any page
 *
 * The editor itself is large and comes when it is first shown; until then grey lines stand here.
 */
import { lazy, Suspense, type Ref } from "react";

import type { Diagnostic } from "@/api/hunting";
import { Lines } from "@/parts/states";
import { usePreferences } from "@/preferences";
import { useTexts } from "@/text/text";

const Code = lazy(() => import("./code"));

export interface EditorHandle {
	focus(): void;
	/** In place of what is chosen. */
	insert(text: string): void;
	/** What is chosen and where it begins; null: nothing. */
	chosen(): { text: string; start: number } | null;
	/** What the server has against a part of the document that begins at start. */
	mark(text: string, start: number, diagnostics: readonly Diagnostic[]): void;
	reveal(text: string, start: number, diagnostic: Diagnostic): void;
}

export interface EditorProps {
	/** Of the document: each has its own text, undo and place. */
	id: string;
	/** Of those that may be shown again; the shown one alone where it is missing. */
	ids?: readonly string[] | undefined;
	text: string;
	label: string;
	dark: boolean;
	runLabel?: string | undefined;
	readOnly?: boolean | undefined;
	/**
	 * What a check of the page's own says of the text, null while it is not known; where it is missing
	 * the editor asks the server itself.
	 */
	judged?: readonly Diagnostic[] | null | undefined;
	/** A mistake in words. */
	say(diagnostic: Diagnostic): string;
	onChange(text: string): void;
	/** Control and Enter, Shift and Enter. */
	onRun?: (() => void) | undefined;
}

export function QueryEditor({ handle, ...props }: Omit<EditorProps, "dark" | "label" | "say"> & {
	label?: string;
	handle?: Ref<EditorHandle>;
}) {
	const { t } = useTexts();
	const { dark } = usePreferences();
	const say = ({ message, expected, suggestion }: Diagnostic) =>
		[
			message, expected && t("hunting.mistake.expected", { what: expected }),
			suggestion && `${t("hunting.mistake.suggestion")} ${suggestion}?`,
		].filter(Boolean).join("\n");
	// Tab leaves what cannot be written to anyway.
	const keys = [props.onRun && t("hunting.editorRuns"), !props.readOnly && t("hunting.editorTab")].filter(Boolean);
	return (
		<Suspense fallback={<Lines rows={3} height={28} />}>
			<Code
				{...props} dark={dark} handle={handle} say={say}
				label={[`${props.label ?? t("hunting.editor")}.`, ...keys].join(" ")}
			/>
		</Suspense>
	);
}
