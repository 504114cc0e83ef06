// SPDX-License-Identifier: Apache-2.0
/* outcome.tsx - below the editor: nothing yet, running, cancelled, what is wrong where, or the rows */
import { Button, Link as TextLink, MessageBar, MessageBarBody, MessageBarTitle, Spinner } from "@fluentui/react-components";
import { useEffect, useState } from "react";

import type { Cell, Diagnostic, RunColumn } from "@/api/hunting";
import { Empty, reasonOf } from "@/parts/states";
import { useTexts } from "@/text/text";

import { Results } from "./results";
import type { Run } from "./runs";
import css from "./hunting.module.css";

function Running({ run, onCancel }: { run: Extract<Run, { state: "running" }>; onCancel(): void }) {
	const { t } = useTexts();
	const [now, setNow] = useState(() => performance.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(performance.now()), 500);
		return () => clearInterval(timer);
	}, []);
	return (
		<div className={css["running"]}>
			<Spinner size="small" label={t(run.cancelling ? "hunting.cancelling" : "hunting.running")} />
			<span className="muted number" aria-hidden="true">{Math.max(0, Math.floor((now - run.since) / 1000))} s</span>
			<Button size="small" disabledFocusable={run.cancelling} onClick={onCancel}>{t("action.cancel")}</Button>
		</div>
	);
}

function Failed({ run, onGo }: { run: Extract<Run, { state: "failed" }>; onGo(diagnostic: Diagnostic): void }) {
	const texts = useTexts();
	const { t } = texts;
	if (run.diagnostics.length === 0)
		return (
			<MessageBar intent="error" className={css["failed"]} role="alert">
				<MessageBarBody><MessageBarTitle>{t("error.title")}</MessageBarTitle>{reasonOf(run.error, texts)}</MessageBarBody>
			</MessageBar>
		);
	return (
		<div className={css["failed"]} role="alert">
			<h2>{t("hunting.mistakes", { n: run.diagnostics.length })}</h2>
			<ol>
				{run.diagnostics.map((d, i) => (
					<li key={i}>
						<TextLink as="button" onClick={() => onGo(d)}>{t("hunting.mistake.place", { line: d.line, column: d.column })}</TextLink>
						<div>
							<div>{d.message}</div>
							{d.expected && <div className="muted">{t("hunting.mistake.expected", { what: d.expected })}</div>}
							{d.suggestion && <div>{t("hunting.mistake.suggestion")} <code className="mono">{d.suggestion}</code>?</div>}
						</div>
					</li>
				))}
			</ol>
		</div>
	);
}

export function Outcome({ run, name, onCancel, onGo, onNarrow, onSeek }: {
	run: Run | undefined;
	name: string;
	onCancel(): void;
	onGo(diagnostic: Diagnostic): void;
	onNarrow(step: string): void;
	onSeek(column: RunColumn, values: readonly Cell[]): void;
}) {
	const { t } = useTexts();
	if (!run) return <Empty title={t("hunting.begin")}>{t("hunting.beginMore")}</Empty>;
	switch (run.state) {
		case "running":
			return <Running run={run} onCancel={onCancel} />;
		case "cancelled":
			return <Empty title={t("hunting.cancelled")} />;
		case "failed":
			return <Failed run={run} onGo={onGo} />;
		case "done":
			return <Results answer={run.answer} milliseconds={run.milliseconds} name={name} onNarrow={onNarrow} onSeek={onSeek} />;
	}
}
