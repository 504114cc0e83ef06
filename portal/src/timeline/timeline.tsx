// SPDX-License-Identifier: Apache-2.0
/*
 * timeline.tsx - everything a device did, within a range of time and by filter
 *
 * Range and filters stand in the address. A relative range is fixed when it is asked for, so that
 * rows do not move under the reader; "refresh" asks anew.
 */
import {
	Button, Field, Input, Popover, PopoverSurface, PopoverTrigger, Select, ToggleButton,
} from "@fluentui/react-components";
import {
	ArrowClockwise20Regular, CalendarClock20Regular, History28Regular, ZoomOut20Regular,
} from "@fluentui/react-icons";
import { useCallback, useMemo, useRef, useState } from "react";

import { withQuery } from "@/api/http";
import { useResource } from "@/api/resource";
import { EVENT_KINDS, type Gap, type Histogram, type TimelineEvent } from "@/api/types";
import { FilterText, Filters } from "@/parts/filter";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { useClock } from "@/parts/time";
import { setQuery, usePlace } from "@/router";
import { useTexts } from "@/text/text";

import { Chart } from "./chart";
import { EventPanel } from "./event-panel";
import { EventList, type ListHandle } from "./list";
import { histogramPath, rowOfTime, TimelineSource, type TimelineFilter } from "./source";
import css from "./timeline.module.css";

const RANGES = { "1h": 3600, "24h": 86400, "7d": 7 * 86400, "30d": 30 * 86400, "180d": 180 * 86400 } as const;
type Range = keyof typeof RANGES;
const RANGE_DEFAULT: Range = "24h";
const SPAN_MIN_MS = 1000;

function useRange() {
	const { query } = usePlace();
	const [round, setRound] = useState(0);
	const from = query.get("from");
	const to = query.get("to");
	const named = query.get("range") as Range | null;
	const range = named && named in RANGES ? named : RANGE_DEFAULT;
	const fixed = from && to && !Number.isNaN(Date.parse(from)) && !Number.isNaN(Date.parse(to));
	const span = useMemo(() => {
		if (fixed) return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
		const now = Date.now();
		return {
			from: new Date(now - RANGES[range] * 1000).toISOString(), to: new Date(now).toISOString(),
		};
		// eslint-disable-next-line react-hooks/exhaustive-deps -- round: "now" is asked for again
	}, [fixed, from, to, range, round]);
	return { ...span, range: fixed ? null : range, refresh: () => setRound((n) => n + 1) };
}

function setSpan(from: number, to: number) {
	const middle = (from + to) / 2;
	const half = Math.max(SPAN_MIN_MS, to - from) / 2;
	setQuery({
		range: null, from: new Date(middle - half).toISOString(), to: new Date(middle + half).toISOString(),
	}, false);
}

/** Two exact times, typed in the zone that is shown. */
function CustomRange({ from, to }: { from: string; to: string }) {
	const { t } = useTexts();
	const clock = useClock();
	const [open, setOpen] = useState(false);
	const [times, setTimes] = useState<[string, string]>(["", ""]);
	const [error, setError] = useState("");
	const parse = (text: string) => Date.parse(text.replace(" ", "T") + (clock.utc ? "Z" : ""));
	const apply = () => {
		const [a, b] = [parse(times[0]), parse(times[1])];
		if (Number.isNaN(a) || Number.isNaN(b) || a >= b) {
			setError(t("timeline.rangeWrong"));
			return;
		}
		setSpan(a, b);
		setOpen(false);
	};
	return (
		<Popover
			open={open} trapFocus
			onOpenChange={(_, data) => {
				setTimes([clock.format(from), clock.format(to)]);
				setError("");
				setOpen(data.open);
			}}
		>
			<PopoverTrigger disableButtonEnhancement>
				<Button icon={<CalendarClock20Regular />}>{t("timeline.custom")}</Button>
			</PopoverTrigger>
			<PopoverSurface aria-label={t("timeline.custom")}>
				<form
					className={css["custom"]}
					onSubmit={(event) => {
						event.preventDefault();
						apply();
					}}
				>
					<Field label={`${t("timeline.from")} (${clock.zoneName})`}>
						<Input className="number" value={times[0]} placeholder="2026-01-31 14:00:00"
							onChange={(_, data) => setTimes([data.value, times[1]])} />
					</Field>
					<Field
						label={`${t("timeline.to")} (${clock.zoneName})`}
						{...(error ? { validationMessage: error } : {})}
					>
						<Input className="number" value={times[1]} placeholder="2026-01-31 15:00:00"
							onChange={(_, data) => setTimes([times[0], data.value])} />
					</Field>
					<Button type="submit" appearance="primary">{t("timeline.apply")}</Button>
				</form>
			</PopoverSurface>
		</Popover>
	);
}

function Toolbar({ range, from, to, kinds, text, total, refresh }: {
	range: Range | null;
	from: string;
	to: string;
	kinds: string[];
	text: string;
	total: number | undefined;
	refresh(): void;
}) {
	const { t } = useTexts();
	const toggleKind = (kind: string) => {
		const next = EVENT_KINDS.filter((k) => (k === kind) !== kinds.includes(k));
		setQuery({ kinds: next.length === EVENT_KINDS.length ? null : next.join(",") });
	};
	const a = new Date(from).getTime();
	const b = new Date(to).getTime();
	return (
		<Filters>
			<FilterText label={t("timeline.filter")} value={text} onChange={(q) => setQuery({ q })} />
			<div role="group" aria-label={t("timeline.kinds")} className={css["kinds"]}>
				{EVENT_KINDS.map((kind) => (
					<ToggleButton
						key={kind} size="medium" checked={kinds.includes(kind)}
						onClick={() => toggleKind(kind)}
					>
						{t(`kind.${kind}`)}
					</ToggleButton>
				))}
			</div>
			<Select
				aria-label={t("timeline.range")} value={range ?? "custom"}
				onChange={(_, { value }) =>
					value !== "custom" && setQuery({ range: value, from: null, to: null })}
			>
				{(Object.keys(RANGES) as Range[]).map((r) => (
					<option key={r} value={r}>{t(`range.${r}`)}</option>
				))}
				{range === null && <option value="custom">{t("range.custom")}</option>}
			</Select>
			<CustomRange from={from} to={to} />
			{range === null && (
				<Button icon={<ZoomOut20Regular />} onClick={() => setSpan(a - (b - a) / 2, b + (b - a) / 2)}>
					{t("timeline.zoomOut")}
				</Button>
			)}
			<Button appearance="subtle" icon={<ArrowClockwise20Regular />} onClick={refresh}>
				{t("action.refresh")}
			</Button>
			<span className={`muted number ${css["total"]}`} role="status">
				{total === undefined ? "" : t("timeline.total", { n: total })}
			</span>
		</Filters>
	);
}

function Body({ filter, histogram, gaps }: {
	filter: TimelineFilter;
	histogram: Histogram;
	gaps: Gap[];
}) {
	const { t } = useTexts();
	const source = useMemo(() => new TimelineSource(filter, histogram), [filter, histogram]);
	const list = useRef<ListHandle>(null);
	const from = new Date(histogram.from).getTime();
	const to = new Date(histogram.to).getTime();
	const [seen, setSeen] = useState<[number, number]>([to, to]);
	const [open, setOpen] = useState<{ row: number; event: TimelineEvent } | null>(null);
	const onSeen = useCallback((newest: number, oldest: number) => setSeen([newest, oldest]), []);
	const close = useCallback(() => {
		setOpen(null);
		list.current?.focus();
	}, []);
	return (
		<>
			<Chart
				slices={source.slices} gaps={gaps} from={from} to={to} seen={seen} onZoom={setSpan}
				onGo={(time) => list.current?.toRow(rowOfTime(source.slices, time))}
			/>
			<div className={css["main"]}>
				{source.total === 0 ? (
					<div className={css["list"]}>
						<Empty icon={<History28Regular />} title={t("timeline.none")}>{t("timeline.noneMore")}</Empty>
					</div>
				) : (
					<EventList
						source={source} gaps={gaps} openRow={open?.row ?? null} handle={list} onSeen={onSeen}
						onOpen={(row, event) => setOpen({ row, event })}
					/>
				)}
				{open && <EventPanel machineId={filter.machineId} event={open.event} close={close} />}
			</div>
		</>
	);
}

export default function Timeline({ machineId }: { machineId: string }) {
	const { query } = usePlace();
	const { from, to, range, refresh } = useRange();
	const text = query.get("q") ?? "";
	const chosen = query.get("kinds");
	const kinds = chosen ? EVENT_KINDS.filter((k) => chosen.split(",").includes(k)) : [...EVENT_KINDS];
	const kindsText = kinds.length === EVENT_KINDS.length ? "" : kinds.join(",");
	const filter = useMemo<TimelineFilter>(
		() => ({ machineId, from, to, kinds: kindsText, text }),
		[machineId, from, to, kindsText, text],
	);
	const histogram = useResource<Histogram>(histogramPath(filter));
	const gaps = useResource<{ gaps: Gap[] }>(
		withQuery(`/portal/api/machines/${machineId}/gaps`, { from, to }));
	return (
		<div className={css["timeline"]}>
			<Toolbar
				range={range} from={from} to={to} kinds={kinds} text={text}
				total={histogram.data?.total} refresh={refresh}
			/>
			<ErrorBar error={histogram.error} retry={histogram.reload} />
			<ErrorBar error={gaps.error} retry={gaps.reload} />
			<div className={`card ${css["frame"]}`} aria-busy={histogram.loading}>
				{histogram.data
					? (
						<Body
							key={histogram.data.from + kindsText + text} filter={filter}
							histogram={histogram.data} gaps={gaps.data?.gaps ?? []}
						/>
					)
					: histogram.loading && <Lines rows={12} height={36} />}
			</div>
		</div>
	);
}
