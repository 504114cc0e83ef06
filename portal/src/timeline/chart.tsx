// SPDX-License-Identifier: Apache-2.0
/*
 * chart.tsx - events over time above the timeline: click to go there, drag to look closer
 *
 * Blind intervals are hatched. For the keyboard the toolbar's time fields do the same; here the
 * arrows move the place by a fiftieth of the range.
 */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import type { Gap } from "@/api/types";
import { useClock, type Precision } from "@/parts/time";
import { useTexts } from "@/text/text";

import type { Slice } from "./source";
import css from "./timeline.module.css";

const HEIGHT = 56;
const BAR = 4;
const DRAG_MIN = 6;

interface Bin {
	count: number;
	x: number;
}

function binsOf(slices: Slice[], from: number, to: number, width: number): Bin[] {
	const bins = Array.from({ length: Math.max(1, Math.floor(width / BAR)) }, (_, i) => ({ count: 0, x: i * BAR }));
	const scale = bins.length / Math.max(1, to - from);
	for (const slice of slices) {
		if (!slice.count) continue;
		// Each bar gets its share of a slice, so that the height stays a rate.
		const begin = (slice.from - from) * scale;
		const end = Math.max(begin + 1e-6, (slice.to - from) * scale);
		for (let i = Math.max(0, Math.floor(begin)); i < Math.min(bins.length, end); i++) {
			const share = (Math.min(end, i + 1) - Math.max(begin, i)) / (end - begin);
			const bin = bins[i];
			if (bin) bin.count += slice.count * share;
		}
	}
	return bins;
}

/** Gaps as bands of at least 3 pixels; those that touch are one. */
function bandsOf(gaps: Gap[], xOf: (time: number) => number): [number, number][] {
	const bands: [number, number][] = [];
	const sorted = gaps.map((g): [number, number] => {
		const x = xOf(new Date(g.from).getTime());
		return [x, Math.max(x + 3, xOf(new Date(g.to).getTime()))];
	}).sort((a, b) => a[0] - b[0]);
	for (const band of sorted) {
		const last = bands.at(-1);
		if (last && band[0] <= last[1]) last[1] = Math.max(last[1], band[1]);
		else bands.push(band);
	}
	return bands;
}

function precisionFor(span: number): Precision {
	return span > 4 * 86400e3 ? "day" : span > 20 * 60e3 ? "minute" : "second";
}

function Axis({ from, to, width }: { from: number; to: number; width: number }) {
	const clock = useClock();
	const count = Math.max(2, Math.floor(width / 150));
	const precision = precisionFor(to - from);
	return (
		<div className={css["axis"]} aria-hidden="true">
			{Array.from({ length: count }, (_, i) => (
				<span key={i} className="number">
					{clock.format(from + ((to - from) * i) / (count - 1), precision)}
				</span>
			))}
		</div>
	);
}

export function Chart({ slices, gaps, from, to, seen, onGo, onZoom }: {
	slices: Slice[];
	gaps: Gap[];
	from: number;
	to: number;
	/** Newest and oldest time in sight. */
	seen: [number, number];
	onGo(time: number): void;
	onZoom(from: number, to: number): void;
}) {
	const { t } = useTexts();
	const clock = useClock();
	const box = useRef<HTMLDivElement>(null);
	const [width, setWidth] = useState(800);
	const [drag, setDrag] = useState<[number, number] | null>(null);
	useEffect(() => {
		const element = box.current;
		if (!element) return;
		const sized = new ResizeObserver(() => setWidth(element.clientWidth));
		sized.observe(element);
		return () => sized.disconnect();
	}, []);

	const span = Math.max(1, to - from);
	const path = useMemo(() => {
		const bins = binsOf(slices, from, to, width);
		const most = Math.max(1, ...bins.map((bin) => bin.count));
		return bins
			.filter((bin) => bin.count > 0)
			.map((bin) => {
				// Square root: the quiet hours stay visible beside the loud ones.
				const high = Math.max(2, Math.sqrt(bin.count / most) * (HEIGHT - 4));
				return `M${bin.x} ${HEIGHT}v${-high.toFixed(1)}h${BAR - 1}v${high.toFixed(1)}z`;
			})
			.join("");
	}, [slices, from, to, width]);
	const xOf = (time: number) => Math.max(0, Math.min(width, ((time - from) / span) * width));
	const timeOf = (event: PointerEvent) => {
		const { left } = event.currentTarget.getBoundingClientRect();
		return from + (Math.max(0, Math.min(width, event.clientX - left)) / width) * span;
	};
	const end = (event: PointerEvent) => {
		if (!drag) return;
		const [a, b] = [drag[0], timeOf(event)];
		setDrag(null);
		if (Math.abs(xOf(a) - xOf(b)) < DRAG_MIN) onGo(b);
		else onZoom(Math.min(a, b), Math.max(a, b));
	};
	const onKey = (event: KeyboardEvent) => {
		const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 };
		const step = steps[event.key];
		if (event.key === "Home") onGo(from);
		else if (event.key === "End") onGo(to);
		else if (step !== undefined) onGo(Math.max(from, Math.min(to, seen[0] + (step * span) / 50)));
		else return;
		event.preventDefault();
	};
	const left = xOf(seen[1]);
	const mark = Math.max(3, xOf(seen[0]) - left);

	return (
		<div className={css["chart"]}>
			<div
				ref={box}
				role="slider"
				tabIndex={0}
				aria-label={t("timeline.chart")}
				aria-valuemin={from}
				aria-valuemax={to}
				aria-valuenow={Math.round(Math.max(from, Math.min(to, seen[0])))}
				aria-valuetext={clock.format(seen[0])}
				className={css["bars"]}
				onKeyDown={onKey}
				onPointerDown={(event) => {
					if (event.button !== 0) return;
					event.currentTarget.setPointerCapture(event.pointerId);
					setDrag([timeOf(event), timeOf(event)]);
				}}
				onPointerMove={(event) => drag && setDrag([drag[0], timeOf(event)])}
				onPointerUp={end}
				onPointerCancel={() => setDrag(null)}
			>
				<svg width={width} height={HEIGHT} aria-hidden="true">
					<defs>
						<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
							<rect width="2.5" height="6" fill="var(--high)" opacity="0.45" />
						</pattern>
					</defs>
					<path d={path} className={css["bar"]} />
					{bandsOf(gaps, xOf).map(([x, end]) => (
						<rect key={x} x={x} width={end - x} y="0" height={HEIGHT} fill="url(#hatch)" />
					))}
					<rect x={left} width={mark} y="0" height={HEIGHT} className={css["seen"]} />
					{drag && (
						<rect
							x={Math.min(xOf(drag[0]), xOf(drag[1]))} width={Math.abs(xOf(drag[0]) - xOf(drag[1]))}
							y="0" height={HEIGHT} className={css["brush"]}
						/>
					)}
				</svg>
			</div>
			<Axis from={from} to={to} width={width} />
		</div>
	);
}
