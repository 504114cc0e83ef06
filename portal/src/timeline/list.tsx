// SPDX-License-Identifier: Apache-2.0
/*
 * list.tsx - the scrolling list: a grid of `total` rows of which some forty exist
 *
 * The list itself has the focus and names the active row; arrows, pages, Home and End move it,
 * Enter opens it.
 */
import {
	useEffect, useImperativeHandle, useReducer, useState, type CSSProperties, type KeyboardEvent,
	type Ref,
} from "react";

import type { Gap, TimelineEvent } from "@/api/types";
import { ErrorBar } from "@/parts/states";
import { useTexts } from "@/text/text";

import { Row, rowId } from "./rows";
import { ROW_HEIGHT, useScroll } from "./scroll";
import { timeOfRow, type TimelineSource } from "./source";
import css from "./timeline.module.css";

/** Rows that only flash by are not asked for. */
const LOOK_MS = 70;

export interface ListHandle {
	toRow(row: number): void;
	focus(): void;
}

function isBlind(gaps: [number, number][], event: TimelineEvent | undefined) {
	if (!event || event.kind === "gap") return false;
	const time = new Date(event.time).getTime();
	return gaps.some(([from, to]) => time >= from && time <= to);
}

export function EventList({ source, gaps, openRow, onOpen, onSeen, handle }: {
	source: TimelineSource;
	gaps: Gap[];
	openRow: number | null;
	onOpen(row: number, event: TimelineEvent): void;
	/** Newest and oldest time in sight. */
	onSeen(newest: number, oldest: number): void;
	handle: Ref<ListHandle>;
}) {
	const { t } = useTexts();
	const [, redraw] = useReducer((n: number) => n + 1, 0);
	const [active, setActive] = useState(0);
	const { total } = source;
	const scroll = useScroll(total);
	const { first, count, viewport } = scroll;
	const intervals = gaps.map((g): [number, number] => [
		new Date(g.from).getTime(), new Date(g.to).getTime(),
	]);

	useEffect(() => {
		source.listen(redraw);
		return () => source.close();
	}, [source]);
	useEffect(() => {
		const timer = setTimeout(() => {
			const last = Math.max(first, first + count - 1);
			source.look(first, last);
			const timeOf = (row: number) => {
				const event = source.event(row);
				return event ? new Date(event.time).getTime() : timeOfRow(source.slices, row);
			};
			onSeen(timeOf(first), timeOf(Math.min(last, total - 1)));
			redraw();
		}, LOOK_MS);
		return () => clearTimeout(timer);
	}, [source, first, count, total, onSeen]);
	useImperativeHandle(handle, () => ({
		toRow: (row) => {
			scroll.toRow(row);
			setActive(Math.min(row, total - 1));
		},
		focus: () => viewport.current?.focus(),
	}));

	const open = (row: number) => {
		setActive(row);
		const event = source.event(row);
		if (event) onOpen(row, event);
	};
	const onKey = (event: KeyboardEvent) => {
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		const page = Math.max(1, Math.floor(scroll.height / ROW_HEIGHT) - 1);
		const moves: Record<string, number> = {
			ArrowDown: active + 1, j: active + 1, ArrowUp: active - 1, k: active - 1,
			PageDown: active + page, PageUp: active - page, Home: 0, End: total - 1,
		};
		const to = moves[event.key];
		if (to !== undefined) {
			const row = Math.max(0, Math.min(total - 1, to));
			setActive(row);
			scroll.reveal(row);
			if (openRow !== null) {
				const next = source.event(row);
				if (next) onOpen(row, next);
			}
		} else if (event.key === "Enter" || event.key === " ") {
			open(active);
		} else {
			return;
		}
		event.preventDefault();
	};
	const inSight = active >= first && active < first + count;

	return (
		<div className={css["list"]}>
			<ErrorBar error={source.error} retry={() => source.retry()} />
			<div
				role="grid"
				aria-label={t("timeline.list")}
				aria-rowcount={total + 1}
				aria-readonly="true"
				tabIndex={0}
				className={css["grid"]}
				style={{ "--scroll-bar": `${scroll.bar}px` } as CSSProperties}
				onKeyDown={onKey}
				{...(inSight ? { "aria-activedescendant": rowId(active) } : {})}
			>
				<div role="row" aria-rowindex={1} className={`${css["row"]} ${css["headRow"]}`}>
					<span role="columnheader">{t("timeline.time")}</span>
					<span role="columnheader">{t("timeline.action")}</span>
					<span role="columnheader">{t("timeline.what")}</span>
					<span role="columnheader">{t("timeline.by")}</span>
					<span role="columnheader">{t("timeline.user")}</span>
				</div>
				<div ref={viewport} role="rowgroup" className={css["viewport"]} data-total={total} data-first={first} tabIndex={-1}>
					<div style={{ height: scroll.way }} role="presentation">
						<div className={css["pane"]} style={{ height: scroll.height }} role="presentation">
							<div ref={scroll.layer} role="presentation">
								{Array.from({ length: count }, (_, i) => {
									const row = first + i;
									const event = source.event(row);
									return (
										<Row
											key={row} row={row} event={event} active={row === active}
											open={row === openRow} blind={isBlind(intervals, event)} onOpen={open}
										/>
									);
								})}
							</div>
						</div>
					</div>
				</div>
			</div>
		</div>
	);
}
