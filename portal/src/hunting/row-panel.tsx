// SPDX-License-Identifier: Apache-2.0
/* row-panel.tsx - one row, all of it: whole values, where they lead, the alerts its event raised */
import { Button, Tooltip } from "@fluentui/react-components";
import { Dismiss20Regular, Search16Regular, Timeline20Regular } from "@fluentui/react-icons";

import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import { withQuery } from "@/api/http";
import { useResource } from "@/api/resource";
import type { Alert, Page } from "@/api/types";
import { CopyButton } from "@/parts/copy";
import { useClock } from "@/parts/time";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import { eventOf, targetOf } from "./seek";
import { isEmpty, textOf } from "./values";
import css from "./results.module.css";

const AROUND_MS = 5 * 60e3;

function pretty(value: Cell | undefined, type: string) {
	const text = textOf(value);
	if (type !== "dynamic" || !/^[[{]/.test(text)) return text;
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

/** Of the event that the row tells of: alerts, and what happened around it. */
function Event({ deviceId, reportId, time }: { deviceId: string; reportId: string; time: string | null }) {
	const { t } = useTexts();
	const path = `/portal/api/machines/${encodeURIComponent(deviceId)}/events/${encodeURIComponent(reportId)}/alerts`;
	const { data } = useResource<Page<Alert>>(path);
	const at = time ? Date.parse(time) : NaN;
	const around = Number.isFinite(at) && withQuery(`/devices/${encodeURIComponent(deviceId)}/timeline`, {
		from: new Date(at - AROUND_MS).toISOString(), to: new Date(at + AROUND_MS).toISOString(),
	});
	return (
		<div className={css["event"]}>
			{around && <Link to={around}><Timeline20Regular aria-hidden="true" />{t("hunting.row.around")}</Link>}
			{data && data.value.length === 0 && <span className="muted">{t("hunting.row.noAlerts")}</span>}
			{data?.value.map((alert) => (
				<span key={alert.id}>{t("alert.one")}: <Link to={`/alerts/${alert.id}`}>{alert.title}</Link></span>
			))}
		</div>
	);
}

export function RowPanel({ answer, row, position, total, close, onSeek }: {
	answer: RunAnswer;
	row: number;
	position: number;
	total: number;
	close(): void;
	onSeek(column: RunColumn, values: readonly Cell[]): void;
}) {
	const { t } = useTexts();
	const clock = useClock();
	const values = answer.rows[row] as Cell[];
	const event = eventOf(answer.columns, values);
	return (
		<aside
			className={css["panel"]} aria-label={t("hunting.row.title")}
			onKeyDown={(e) => e.key === "Escape" && close()}
		>
			<div className={css["panelHead"]}>
				<h2>{t("hunting.row.position", { n: position + 1, total })}</h2>
				<Tooltip content={t("action.close")} relationship="label">
					<Button appearance="subtle" size="small" icon={<Dismiss20Regular />} onClick={close} />
				</Tooltip>
			</div>
			<div className={css["panelBody"]} tabIndex={0} role="group" aria-label={t("hunting.row.values")}>
				{event && <Event key={`${event.deviceId} ${event.reportId}`} {...event} />}
				<dl>
					{answer.columns.map((column, j) => {
						const value = values[j] ?? null;
						if (isEmpty(value)) return null;
						const target = targetOf(answer.columns, values, j);
						const text = column.type === "datetime" ? clock.format(String(value), "milli") : pretty(value, column.type);
						return (
							<div key={column.name}>
								<dt>{column.name}</dt>
								<dd>
									<span className={column.type === "dynamic" ? "mono" : ""} title={column.type === "datetime" ? String(value) : undefined}>
										{target ? <Link to={target.to}>{text}</Link> : text}
									</span>
									<span className={css["tools"]}>
										<Tooltip content={t("hunting.seekFor", { name: column.name })} relationship="label">
											<Button appearance="subtle" size="small" icon={<Search16Regular />} onClick={() => onSeek(column, [value])} />
										</Tooltip>
										<CopyButton text={textOf(value)} label={t("copy.value", { name: column.name })} />
									</span>
								</dd>
							</div>
						);
					})}
				</dl>
			</div>
		</aside>
	);
}
