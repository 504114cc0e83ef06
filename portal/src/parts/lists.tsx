// SPDX-License-Identifier: Apache-2.0
/*
 * lists.tsx - what lists share: their state in the address, columns of alerts, paging
 */
import { Button } from "@fluentui/react-components";
import { ChevronLeft20Regular, ChevronRight20Regular } from "@fluentui/react-icons";

import { PAGE_SIZE } from "@/api/alerts";
import type { Alert } from "@/api/types";
import { SeverityBadge, StatusText } from "@/parts/badges";
import type { Column, Order } from "@/parts/table";
import { Time } from "@/parts/time";
import { Link, setQuery, usePlace } from "@/router";
import { useTexts, type Texts } from "@/text/text";

import css from "./lists.module.css";

export function useListQuery(defaultOrder: string) {
	const { query } = usePlace();
	const list = (name: string) => query.get(name)?.split(",").filter(Boolean) ?? [];
	const [by = defaultOrder, direction = "desc"] = (query.get("order") ?? "").split(" ").filter(Boolean);
	return {
		severities: list("severity"),
		statuses: list("status"),
		device: query.get("device") ?? "",
		text: query.get("q") ?? "",
		order: { by, descending: direction !== "asc" } as Order,
		page: Math.max(0, Number(query.get("page") ?? 1) - 1 || 0),
		setOrder: (order: Order) =>
			setQuery({ order: `${order.by} ${order.descending ? "desc" : "asc"}`, page: null }),
		set: (name: string, value: string | readonly string[]) =>
			setQuery({ [name]: typeof value === "string" ? value : value.join(","), page: null }),
	};
}

export function alertColumns({ t, named }: Texts, device = true): Column<Alert>[] {
	const columns: (Column<Alert> | false)[] = [
		{
			id: "title", name: t("alert.title"), sort: "title", wraps: true,
			render: (a) => <Link to={`/alerts/${a.id}`} tabIndex={-1} title={a.title}>{a.title}</Link>,
		},
		{
			id: "severity", name: t("alert.severity"), sort: "severity", width: "142px",
			render: (a) => <SeverityBadge value={a.severity} />,
		},
		{
			id: "status", name: t("alert.status"), sort: "status", width: "126px",
			render: (a) => <StatusText value={a.status} />,
		},
		device && {
			id: "device", name: t("alert.device"), sort: "computerDnsName", width: "150px",
			render: (a) => a.machineId && (
				<Link to={`/devices/${a.machineId}`} tabIndex={-1} title={a.computerDnsName ?? ""}>{a.computerDnsName ?? a.machineId}</Link>
			),
		},
		{
			id: "category", name: t("alert.category"), sort: "category", width: "156px", extra: "wide",
			render: (a) => named("category", a.category),
		},
		{
			id: "assigned", name: t("alert.assignedTo"), width: "140px", extra: "medium",
			render: (a) => a.assignedTo || <span className="muted">{t("alert.unassigned")}</span>,
		},
		{
			id: "last", name: t("alert.lastEvent"), sort: "lastEventTime", width: "172px",
			render: (a) => <Time value={a.lastEventTime} />,
		},
	];
	return columns.filter((column): column is Column<Alert> => !!column);
}

export function Paging({ page, total }: { page: number; total: number }) {
	const { t, number } = useTexts();
	const pages = Math.ceil(total / PAGE_SIZE);
	if (pages <= 1) return <div className={css["count"]}>{t("list.count", { n: total })}</div>;
	const go = (to: number) => setQuery({ page: to ? String(to + 1) : null });
	const first = page * PAGE_SIZE + 1;
	return (
		<nav className={css["paging"]} aria-label={t("list.pages")}>
			<span className="number">
				{t("list.range", {
					from: first, to: Math.min(total, first + PAGE_SIZE - 1), total: number(total),
				})}
			</span>
			<Button
				appearance="subtle" aria-label={t("list.previous")} disabledFocusable={page === 0}
				icon={<ChevronLeft20Regular />} onClick={() => go(page - 1)}
			/>
			<Button
				appearance="subtle" aria-label={t("list.next")} disabledFocusable={page >= pages - 1}
				icon={<ChevronRight20Regular />} onClick={() => go(page + 1)}
			/>
		</nav>
	);
}
