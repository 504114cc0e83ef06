// SPDX-License-Identifier: Apache-2.0
/* settings-audit.tsx - who did what, newest first; pages by cursor */
import { Button } from "@fluentui/react-components";
import { useCallback, useEffect, useRef, useState } from "react";

import { get, withQuery } from "@/api/http";
import type { AuditEntry } from "@/api/types";
import { OutcomeBadge } from "@/parts/badges";
import { Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time } from "@/parts/time";
import { useTexts, type Texts } from "@/text/text";

import css from "./settings.module.css";

interface AuditPage {
	value: AuditEntry[];
	nextCursor: string | null;
}

function columns({ t, named }: Texts): Column<AuditEntry>[] {
	return [
		{ id: "time", name: t("timeline.time"), width: "180px", render: (e) => <Time value={e.time} /> },
		{ id: "actor", name: t("audit.actor"), width: "18%", render: (e) => e.actor || <span className="muted">–</span> },
		{
			id: "operation", name: t("audit.operation"), width: "24%",
			render: (e) => named("operation", e.operation),
		},
		{ id: "target", name: t("audit.target"), width: "30%", render: (e) => <span className="mono" title={e.target}>{e.target}</span> },
		{ id: "address", name: t("audit.address"), width: "150px", extra: "medium", render: (e) => <span className="mono">{e.address}</span> },
		{ id: "outcome", name: t("audit.outcome"), width: "120px", render: (e) => <OutcomeBadge value={e.outcome} /> },
	];
}

export function AuditLog() {
	const texts = useTexts();
	const { t } = texts;
	const [rows, setRows] = useState<AuditEntry[] | null>(null);
	const [cursor, setCursor] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const started = useRef(false);
	const load = useCallback(async (from: string | null) => {
		setBusy(true);
		setError(null);
		try {
			const page = await get<AuditPage>(withQuery("/portal/api/audit", { cursor: from }));
			setRows((old) => (from ? [...(old ?? []), ...page.value] : page.value));
			setCursor(page.nextCursor);
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	}, []);
	useEffect(() => {
		if (started.current) return;
		started.current = true;
		void load(null);
	}, [load]);
	return (
		<Section title={t("settings.audit")} pad={false}>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={() => void load(cursor)} /></div>}
			{!rows && busy && <Lines rows={8} />}
			{rows?.length === 0 && <Empty title={t("audit.none")} />}
			{rows && rows.length > 0 && (
				<Table
					label={t("settings.audit")} columns={columns(texts)} rows={rows}
					idOf={(e) => String(e.sequence)} nameOf={(e) => e.operation}
				/>
			)}
			{cursor && (
				<div className={css["more"]}>
					<Button disabledFocusable={busy} onClick={() => void load(cursor)}>{t("list.more")}</Button>
				</div>
			)}
		</Section>
	);
}
