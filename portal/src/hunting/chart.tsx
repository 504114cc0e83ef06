// SPDX-License-Identifier: Apache-2.0
/*
 * chart.tsx - draws series of points; loaded when a result is first drawn
 *
 * Names and values come from what attackers did: they are painted as text, never made into HTML.
 */
import { BarChart, LineChart, PieChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts, type EChartsCoreOption } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

import { useClock, type Clock } from "@/parts/time";
import { usePreferences } from "@/preferences";
import { useTexts } from "@/text/text";

import type { ChartData, Series } from "./chart-data";
import css from "./results.module.css";

use([
	BarChart, LineChart, PieChart, ScatterChart, DataZoomComponent, GridComponent, LegendComponent, TitleComponent,
	TooltipComponent, CanvasRenderer,
]);

const LIGHT = ["#0c768d", "#c2571a", "#7a2fa0", "#2e7d32", "#b10e1c", "#8a6d00", "#3559c7", "#ad1f74", "#5a6268", "#00897b"];
const DARK = ["#64b1c4", "#ffb27a", "#d3a6ea", "#85d69b", "#ff99a0", "#f2d675", "#93b2ff", "#f09ac4", "#b5c4cb", "#6fd6c8"];
const DAY_MS = 86400e3;
const FONT = "'Inter Variable', sans-serif";

interface Look {
	text: string;
	dim: string;
	line: string;
	ground: string;
	raised: string;
	colors: string[];
}

function lookOf(dark: boolean): Look {
	return dark
		? { text: "#e4e8ea", dim: "#a3adb3", line: "#31393d", ground: "#1b2023", raised: "#252b2f", colors: DARK }
		: { text: "#242424", dim: "#5a6268", line: "#e1e6e9", ground: "#ffffff", raised: "#ffffff", colors: LIGHT };
}

/** As exact as the span asks for; the day where it begins. */
function timeLabel(span: number, clock: Clock) {
	return (value: number) => {
		const [day = "", time = ""] = clock.format(value, span > 120e3 ? "minute" : "second").split(" ");
		return span > 20 * DAY_MS || /^00:00(:00)?$/.test(time) ? day.slice(5) : time;
	};
}

function spanOf(series: Series[]) {
	let low = Infinity, high = -Infinity;
	for (const { points } of series) {
		low = Math.min(low, points[0]?.[0] ?? Infinity);
		high = Math.max(high, points[points.length - 1]?.[0] ?? -Infinity);
	}
	return high - low;
}

function axes(data: ChartData, look: Look, clock: Clock, number: (n: number) => string) {
	const common = {
		nameTextStyle: { color: look.dim }, axisLine: { lineStyle: { color: look.line } },
		axisTick: { show: false }, splitLine: { lineStyle: { color: look.line } },
	};
	const label = { color: look.dim, hideOverlap: true };
	const place = {
		...common,
		// That it is time is seen.
		name: data.axis === "time" ? "" : data.xTitle, nameLocation: "middle", nameGap: 30,
		type: data.axis === "time" ? "time" : data.axis === "category" ? "category" : data.logX ? "log" : "value",
		...(data.axis === "category" ? { data: data.categories } : { scale: true }),
		axisLabel: {
			...label,
			...(data.axis === "time" ? { formatter: timeLabel(spanOf(data.series), clock) } : {}),
			...(data.axis === "category" ? { width: 140, overflow: "truncate" } : {}),
		},
		splitLine: { show: false },
	};
	const value = {
		...common,
		name: data.yTitle, nameGap: 14, nameLocation: "end",
		nameTextStyle: { color: look.dim, align: "left" },
		type: data.logY ? "log" : "value",
		axisLabel: { ...label, formatter: (n: number) => (data.stacked === "share" ? `${n} %` : number(n)) },
		...(data.stacked === "share" ? { max: 100 } : {}),
		...(data.least === null ? {} : { min: data.least }),
		...(data.greatest === null ? {} : { max: data.greatest }),
	};
	if (data.kind !== "bar") return { xAxis: place, yAxis: value };
	// Bars lie; the first stands on top.
	return {
		xAxis: { ...value, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: look.dim } },
		yAxis: { ...place, inverse: true, nameLocation: "start", nameGap: 12, nameTextStyle: { color: look.dim, align: "right" } },
	};
}

/** Of each place all series together are a hundred. */
function shares(series: Series[]): Series[] {
	const sums = new Map<number, number>();
	for (const { points } of series)
		for (const [at, value] of points) sums.set(at, (sums.get(at) ?? 0) + (value ?? 0));
	return series.map(({ name, points }) => ({
		name, points: points.map(([at, value]): [number, number | null] => [at, value === null ? null : (value / (sums.get(at) || 1)) * 100]),
	}));
}

function seriesOf(data: ChartData): object[] {
	const { kind } = data;
	if (kind === "pie")
		return [{
			type: "pie", radius: ["0%", "68%"], center: ["50%", "52%"],
			data: data.series[0]?.points.map(([at, value]) => ({ name: data.categories[at] || "–", value: value ?? 0 })) ?? [],
			label: { color: "inherit", formatter: "{b}: {d} %", overflow: "truncate", width: 160 },
		}];
	const list = data.stacked === "share" ? shares(data.series) : data.series;
	const bands = kind === "bar" || kind === "column";
	const area = kind === "area" || kind === "stackedarea";
	return list.map(({ name, points }) => ({
		name,
		type: bands ? "bar" : kind === "scatter" ? "scatter" : "line",
		data: kind === "bar" ? points.map(([at, value]) => [value, at]) : points,
		...(data.stacked === "no" ? {} : { stack: "all" }),
		...(bands ? { barMaxWidth: 42 } : {}),
		...(kind === "scatter" ? { symbolSize: 7 } : {}),
		...(area ? { areaStyle: { opacity: data.stacked === "no" ? 0.18 : 0.55 } } : {}),
		...(!bands && kind !== "scatter" ? { showSymbol: points.length < 60, symbolSize: 5, lineStyle: { width: 2 }, connectNulls: false } : {}),
		emphasis: { focus: "series" },
		large: points.length > 2000,
	}));
}

function optionOf(data: ChartData, look: Look, clock: Clock, number: (n: number) => string): EChartsCoreOption {
	const pie = data.kind === "pie";
	const names = data.legend && !pie && data.series.length > 1;
	const zoom = data.axis === "time" && data.kind !== "pie";
	return {
		animation: false,
		useUTC: clock.utc,
		color: look.colors,
		textStyle: { fontFamily: FONT, color: look.text },
		...(data.title ? { title: { text: data.title, left: 12, top: 6, textStyle: { color: look.text, fontSize: 14, fontWeight: 600, fontFamily: FONT } } } : {}),
		tooltip: {
			trigger: pie || data.kind === "scatter" ? "item" : "axis", renderMode: "richText", confine: true,
			backgroundColor: look.raised, borderColor: look.line, textStyle: { color: look.text, fontSize: 12 },
			valueFormatter: (value: unknown) => (typeof value === "number" ? number(value) : "–"),
			axisPointer: { label: { show: false } },
		},
		...(names ? {
			legend: {
				type: "scroll", bottom: 4, textStyle: { color: look.text }, pageTextStyle: { color: look.text },
				pageIconColor: look.text, icon: "roundRect", itemWidth: 12, itemHeight: 8,
			},
		} : {}),
		...(pie ? {} : {
			grid: { left: 20, right: 28, top: data.title ? 62 : 40, bottom: (names ? 34 : 8) + (data.axis === "time" ? 24 : 44) },
			...axes(data, look, clock, number),
		}),
		...(zoom ? { dataZoom: [{ type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false }] } : {}),
		series: seriesOf(data),
	};
}

export default function Chart({ data, label }: { data: ChartData; label: string }) {
	const { number } = useTexts();
	const clock = useClock();
	const { dark } = usePreferences();
	const host = useRef<HTMLDivElement>(null);
	const chart = useRef<ECharts | null>(null);
	useEffect(() => {
		if (!host.current) return;
		const made = init(host.current);
		chart.current = made;
		const sized = new ResizeObserver(() => made.resize());
		sized.observe(host.current);
		return () => {
			sized.disconnect();
			made.dispose();
			chart.current = null;
		};
	}, []);
	useEffect(() => {
		chart.current?.setOption(optionOf(data, lookOf(dark), clock, number), { notMerge: true });
	}, [data, dark, clock, number]);
	return <div ref={host} role="img" aria-label={label} className={css["chart"]} data-chart={data.kind} data-series={data.series.length} />;
}
