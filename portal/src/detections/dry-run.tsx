// SPDX-License-Identifier: Apache-2.0
/* dry-run.tsx - what a rule would have found, before it is switched on */
import { Button, Spinner } from "@fluentui/react-components";
import { Beaker20Regular } from "@fluentui/react-icons";
import { useEffect, useRef, useState } from "react";

import { dryRun, type Draft, type DryRun } from "@/api/detections";
import { Section } from "@/parts/page";
import { Empty, ErrorBar } from "@/parts/states";
import { Time } from "@/parts/time";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./detections.module.css";

function cellText(value: unknown): string {
	if (value === null || value === undefined) return "";
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Rows({ found }: { found: DryRun }) {
	const { t } = useTexts();
	return (
		<div className={css["rows"]} tabIndex={0} role="region" aria-label={t("detections.rows")}>
			<table>
				<thead>
					<tr>{found.columns.map((c) => <th key={c.name} scope="col">{c.name}</th>)}</tr>
				</thead>
				<tbody>
					{found.rows.map((row, i) => (
						<tr key={i}>
							{row.map((value, k) => <td key={k} title={cellText(value)}>{cellText(value)}</td>)}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Found({ found }: { found: DryRun }) {
	const { t } = useTexts();
	if (found.results === 0)
		return <Empty icon={<Beaker20Regular />} title={t("detections.dryNone", { days: found.days })} />;
	return (
		<div className={css["fields"]}>
			<p className={css["sum"]}>
				<b>{t("detections.dryAlerts", { n: found.alertCount })}</b>{" "}
				{t("detections.dryResults", { n: found.results, days: found.days })}
				{found.limited && <> {t("detections.dryLimited")}</>}
			</p>
			<ul className={css["alerts"]}>
				{found.alerts.slice(0, 20).map((a, i) => (
					<li key={i}>
						<span className="clip" title={a.description}>{a.title}</span>
						{a.machineId && (
							<Link to={`/devices/${a.machineId}`}>{a.computerDnsName || a.machineId.slice(0, 8)}</Link>
						)}
						{a.eventCount > 1 && <span className="muted">{t("detections.dryJoined", { n: a.eventCount })}</span>}
						<Time value={a.lastEventTime} />
					</li>
				))}
			</ul>
			{found.alertCount > 20 && <p className={css["hint"]}>{t("detections.dryMore", { n: found.alertCount - 20 })}</p>}
			<Rows found={found} />
		</div>
	);
}

export function DryRunPanel({ draft, ready }: { draft: Draft; ready: boolean }) {
	const { t } = useTexts();
	const [found, setFound] = useState<DryRun | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const abort = useRef<AbortController | null>(null);
	useEffect(() => () => abort.current?.abort(), []);
	// Of another query it says nothing.
	useEffect(() => setFound(null), [draft.query]);
	const go = async () => {
		const controller = new AbortController();
		abort.current = controller;
		setBusy(true);
		setError(null);
		try {
			setFound(await dryRun(draft, controller.signal));
		} catch (e) {
			if (!controller.signal.aborted) setError(e);
		}
		setBusy(false);
	};
	return (
		<Section
			title={t("detections.dryTitle")}
			actions={busy
				? <Button size="small" onClick={() => abort.current?.abort()}>{t("action.cancel")}</Button>
				: (
					<Button size="small" icon={<Beaker20Regular />} disabledFocusable={!ready} onClick={() => void go()}>
						{t("detections.dryRun")}
					</Button>
				)}
		>
			<ErrorBar error={error} />
			{busy && <Spinner size="tiny" label={t("detections.dryBusy")} labelPosition="after" />}
			{!busy && found && <Found found={found} />}
			{!busy && !found && !error && <p className={css["hint"]}>{t("detections.dryHint")}</p>}
		</Section>
	);
}
