// SPDX-License-Identifier: Apache-2.0
/*
 * query-field.tsx - the query of a rule, and what the server has against it, each a way to its place
 */
import { Button, Field, Textarea } from "@fluentui/react-components";
import { CheckmarkCircle16Regular, ErrorCircle16Regular } from "@fluentui/react-icons";
import { useRef } from "react";

import type { Problem } from "@/api/detections";
import { unitsOf } from "@/api/hunting";
import { useTexts } from "@/text/text";

import css from "./detections.module.css";

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

export function QueryField({ text, problems, checked, disabled, onChange }: {
	text: string;
	problems: Problem[];
	/** Whether the problems are of this text. */
	checked: boolean;
	disabled: boolean;
	onChange(text: string): void;
}) {
	const { t } = useTexts();
	const area = useRef<HTMLTextAreaElement>(null);
	const show = (p: Problem) => {
		const from = unitsOf(text, p.offset);
		area.current?.focus();
		area.current?.setSelectionRange(from, Math.max(from + 1, unitsOf(text, p.offset + p.length)));
	};
	return (
		<div className={css["query"]}>
			<Field label={t("detections.query")} required>
				<Textarea
					className={css["code"] ?? ""} resize="vertical" spellCheck={false} disabled={disabled}
					value={text} onChange={(_, d) => onChange(d.value)}
					textarea={{ ref: area, rows: 9, wrap: "off", "aria-invalid": problems.length > 0 }}
				/>
			</Field>
			<div role="status">
				<ul className={css["problems"]}>
					{problems.map((p, i) => (
						<li key={i}>
							<ErrorCircle16Regular aria-hidden="true" />
							<Button appearance="transparent" size="small" className={css["place"] ?? ""} onClick={() => show(p)}>
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
