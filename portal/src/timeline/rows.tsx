// SPDX-License-Identifier: Apache-2.0
/* rows.tsx - one row of the timeline: an event, a blind interval, or one that is on its way */
import {
	Document16Regular, Globe16Regular, PersonKey20Regular, Server16Regular, Warning16Filled, WindowConsole20Regular,
} from "@fluentui/react-icons";
import { memo } from "react";

import type { TimelineEvent } from "@/api/types";
import { useClock } from "@/parts/time";
import { useTexts } from "@/text/text";

import { describe, describeGap } from "./describe";
import css from "./timeline.module.css";

const ICONS = {
	process: WindowConsole20Regular,
	file: Document16Regular,
	network: Globe16Regular,
	logon: PersonKey20Regular,
	device: Server16Regular,
	gap: Warning16Filled,
};

export const rowId = (row: number) => `event-${row}`;

interface RowProps {
	row: number;
	event: TimelineEvent | undefined;
	active: boolean;
	open: boolean;
	blind: boolean;
	onOpen(row: number): void;
}

function GapCells({ event }: { event: TimelineEvent }) {
	const { t, named } = useTexts();
	const clock = useClock();
	const gap = describeGap(event);
	const parts = [
		gap.kind && named("lostKind", gap.kind),
		gap.lost === null ? t("gap.lostUnknown") : t("gap.lost", { n: gap.lost }),
		gap.reason,
	];
	return (
		<>
			<span role="gridcell" className={css["when"]}>{clock.format(event.time, "milli")}</span>
			<span role="gridcell" className={css["action"]}>
				<Warning16Filled aria-hidden="true" />
				<b className="clip">{t("gap.title")}</b>
			</span>
			<span role="gridcell" className={`clip ${css["gapText"]}`}>
				{gap.until && <b className="number">{t("gap.until", { time: clock.format(gap.until) })}</b>}
				{" "}
				{named("action", event.actionType)}. {parts.filter(Boolean).join(" · ")}
			</span>
		</>
	);
}

function EventCells({ event }: { event: TimelineEvent }) {
	const texts = useTexts();
	const clock = useClock();
	const says = describe(event, texts);
	const Icon = ICONS[event.kind] ?? Document16Regular;
	return (
		<>
			<span role="gridcell" className={css["when"]}>{clock.format(event.time, "milli")}</span>
			<span role="gridcell" className={`${css["action"]} ${css[event.kind]}`}>
				<Icon aria-hidden="true" />
				<span className="clip">{says.action}</span>
			</span>
			<span role="gridcell" className={`clip ${css["what"]}`}>
				<b>{says.subject}</b>
				<span className="mono">{says.detail.slice(0, 400)}</span>
			</span>
			<span role="gridcell" className="clip">{says.actor}</span>
			<span role="gridcell" className="clip muted">{says.user}</span>
		</>
	);
}

export const Row = memo(function Row({ row, event, active, open, blind, onOpen }: RowProps) {
	const isGap = event?.kind === "gap";
	return (
		<div
			role="row"
			id={rowId(row)}
			aria-rowindex={row + 2}
			aria-selected={open}
			aria-busy={!event}
			className={[
				css["row"], active && css["active"], open && css["opened"], isGap && css["gap"],
				blind && css["blind"],
			].filter(Boolean).join(" ")}
			onClick={() => onOpen(row)}
		>
			{event && isGap && <GapCells event={event} />}
			{event && !isGap && <EventCells event={event} />}
			{!event && (
				<span role="gridcell" className={css["coming"]}>
					<i style={{ width: 150 }} />
					<i style={{ width: 110 }} />
					<i style={{ width: 160 + ((row * 53) % 240) }} />
				</span>
			)}
		</div>
	);
});
