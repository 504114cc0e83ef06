// SPDX-License-Identifier: Apache-2.0
/*
 * alerts.tsx - the queue: what is new, how bad, whose; several at once
 */
import { Button } from "@fluentui/react-components";
import { ArrowClockwise20Regular, Dismiss20Regular, ShieldCheckmark28Regular } from "@fluentui/react-icons";
import { useEffect, useState } from "react";

import { alertsPath, changeAlerts } from "@/api/alerts";
import { useResource } from "@/api/resource";
import { ALERT_STATUSES, SEVERITIES, type Alert, type AlertChange, type Page as Paged } from "@/api/types";
import { AlertActions } from "@/parts/alert-actions";
import { Filters, FilterMenu, FilterText } from "@/parts/filter";
import { alertColumns, Paging, useListQuery } from "@/parts/lists";
import { Page } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table } from "@/parts/table";
import { setQuery } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import css from "./alerts.module.css";

function Batch({ count, apply, clear, busy }: {
	count: number;
	apply(change: AlertChange): void;
	clear(): void;
	busy: boolean;
}) {
	const { t } = useTexts();
	return (
		<div className={css["batch"]} role="toolbar" aria-label={t("alerts.batch")}>
			<strong className="number">{t("alerts.selected", { n: count })}</strong>
			<AlertActions primary busy={busy} apply={apply} />
			<Button size="small" appearance="subtle" icon={<Dismiss20Regular />} onClick={clear}>
				{t("alerts.clear")}
			</Button>
		</div>
	);
}

export default function AlertsPage() {
	const texts = useTexts();
	const { t, named } = texts;
	const { may } = useSession();
	const query = useListQuery("lastEventTime");
	const { order, page } = query;
	const path = alertsPath({ ...query, orderBy: order.by, descending: order.descending });
	const { data, error, loading, reload } = useResource<Paged<Alert>>(path, 15);
	const [chosen, setChosen] = useState<Set<string>>(new Set());
	const [failure, setFailure] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const filtered = !!(query.severities.length || query.statuses.length || query.device || query.text);

	// What is no longer shown must not be changed by a batch.
	useEffect(() => setChosen(new Set()), [path]);

	const apply = async (change: AlertChange) => {
		setBusy(true);
		setFailure(null);
		try {
			await changeAlerts([...chosen], change);
			setChosen(new Set());
			reload();
		} catch (e) {
			setFailure(e);
		}
		setBusy(false);
	};
	const rows = data?.value ?? [];
	return (
		<Page
			title={t("alerts.title")}
			actions={
				<Button appearance="subtle" icon={<ArrowClockwise20Regular />} onClick={reload}>
					{t("action.refresh")}
				</Button>
			}
		>
			<Filters>
				<FilterText label={t("alerts.filterText")} value={query.text} onChange={(v) => query.set("q", v)} />
				<FilterMenu
					label={t("alert.severity")} values={SEVERITIES} chosen={query.severities}
					nameOf={(v) => named("severity", v)} onChange={(v) => query.set("severity", v)}
				/>
				<FilterMenu
					label={t("alert.status")} values={ALERT_STATUSES} chosen={query.statuses}
					nameOf={(v) => named("status", v)} onChange={(v) => query.set("status", v)}
				/>
				<FilterText label={t("alerts.filterDevice")} value={query.device} onChange={(v) => query.set("device", v)} />
				{filtered && (
					<Button
						appearance="subtle" icon={<Dismiss20Regular />}
						onClick={() => setQuery({ severity: null, status: null, device: null, q: null, page: null })}
					>
						{t("filter.clear")}
					</Button>
				)}
			</Filters>
			<ErrorBar error={failure} />
			<ErrorBar error={error} retry={reload} />
			{chosen.size > 0 && (
				<Batch count={chosen.size} busy={busy} apply={(c) => void apply(c)} clear={() => setChosen(new Set())} />
			)}
			<div className="card">
				{!data && loading && <Lines rows={8} height={44} />}
				{data && rows.length === 0 && (
					<Empty icon={<ShieldCheckmark28Regular />} title={t(filtered ? "alerts.noneFiltered" : "alerts.none")}>
						{t(filtered ? "alerts.noneFilteredMore" : "alerts.noneMore")}
					</Empty>
				)}
				{rows.length > 0 && (
					<Table
						label={t("alerts.title")} columns={alertColumns(texts)} rows={rows}
						idOf={(a) => a.id} nameOf={(a) => a.title} linkOf={(a) => `/alerts/${a.id}`}
						order={order} onOrder={query.setOrder}
						{...(may("ALERT_WRITE") ? { selection: { ids: chosen, change: setChosen } } : {})}
					/>
				)}
			</div>
			{data && rows.length > 0 && (
				<div className={css["foot"]}>
					<span className={css["hint"]}>{t("table.keys")}</span>
					<Paging page={page} total={data["@odata.count"] ?? rows.length} />
				</div>
			)}
		</Page>
	);
}
