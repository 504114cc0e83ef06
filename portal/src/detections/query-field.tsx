// SPDX-License-Identifier: Apache-2.0
/*
 * query-field.tsx - the query of a rule, and what the server has against it, each a way to its place
 */
import { Button, Label } from "@fluentui/react-components";
import { CheckmarkCircle16Regular, ErrorCircle16Regular } from "@fluentui/react-icons";
import { useRef, type CSSProperties } from "react";

import type { Problem } from "@/api/detections";
import { QueryEditor, type EditorHandle } from "@/hunting/editor";
import { useTexts } from "@/text/text";

import css from "./detections.module.css";

const LINES_MIN = 9, LINES_MAX = 24;
/** Of a rule that nobody here may change: it was good when it was saved. */
const NO_PROBLEMS: readonly Problem[] = [];

export function ProblemText({ problem }: { problem: Problem }) {
	const { t } = useTexts();
	return (
		<>
			{problem.message}
			{problem.expected && <> · {t("detections.expected", { what: problem.expected })}</>}
			{problem.suggestion && <> · {t("detections.suggestion", { name: problem.suggestion })}</>}
		</>
	);
}

export function QueryField({ text, problems, of, checked, disabled, onChange }: {
	text: string;
	problems: readonly Problem[];
	/** The text that the problems are of. */
	of: string;
	/** Whether the rule has been checked as it stands. */
	checked: boolean;
	disabled: boolean;
	onChange(text: string): void;
}) {
	const { t } = useTexts();
	const editor = useRef<EditorHandle>(null);
	const lines = Math.max(LINES_MIN, Math.min(LINES_MAX, text.split("\n").length + 1));
	return (
		<div className={css["query"]}>
			<Label required onClick={() => editor.current?.focus()}>{t("detections.query")}</Label>
			<div className={css["code"]} style={{ "--lines": lines } as CSSProperties}>
				<QueryEditor
					handle={editor} id="rule" label={t("detections.query")} text={text} readOnly={disabled}
					judged={disabled ? NO_PROBLEMS : of === text ? problems : null} onChange={onChange}
				/>
			</div>
			{!disabled && <p className={css["hint"]}>{t("hunting.editorTab")}</p>}
			<div role="status">
				<ul className={css["problems"]}>
					{problems.map((p, i) => (
						<li key={i}>
							<ErrorCircle16Regular aria-hidden="true" />
							<Button
								appearance="transparent" size="small" className={css["place"] ?? ""}
								onClick={() => editor.current?.reveal(text, 0, p)}
							>
								{t("detections.place", { line: p.line, column: p.column })}
							</Button>
							<span className="wrap"><ProblemText problem={p} /></span>
						</li>
					))}
					{checked && problems.length === 0 && text.trim() !== "" && (
						<li className={css["good"]}>
							<CheckmarkCircle16Regular aria-hidden="true" />
							<span>{t("detections.good")}</span>
						</li>
					)}
				</ul>
			</div>
		</div>
	);
}
