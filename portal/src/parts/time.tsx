// SPDX-License-Identifier: Apache-2.0
/*
 * time.tsx - times as the person reads them: UTC or local, exact or as an age
 */
import { useEffect, useMemo, useState } from "react";

import { usePreferences } from "@/preferences";
import { useTexts } from "@/text/text";

export type Precision = "day" | "minute" | "second" | "milli";

export interface Clock {
	format(time: string | number | Date, precision?: Precision): string;
	/** "UTC" or the local offset, "UTC+2". */
	zoneName: string;
	utc: boolean;
}

const pad = (n: number, width = 2) => String(n).padStart(width, "0");

interface Parts {
	day: string;
	minute: string;
	second: string;
	milli: string;
}

/* By hand: Intl.DateTimeFormat costs 20 times as much, and the timeline formats while it scrolls. */
function parts(date: Date, utc: boolean): Parts {
	const get = utc
		? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(),
			date.getUTCMinutes(), date.getUTCSeconds()]
		: [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(),
			date.getMinutes(), date.getSeconds()];
	const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = get;
	return {
		day: `${y}-${pad(mo + 1)}-${pad(d)}`,
		minute: `${pad(h)}:${pad(mi)}`,
		second: pad(s),
		milli: pad(date.getMilliseconds(), 3),
	};
}

export function formatTime(time: string | number | Date, utc: boolean, precision: Precision): string {
	const date = new Date(time);
	if (Number.isNaN(date.getTime())) return "";
	const p = parts(date, utc);
	if (precision === "day") return p.day;
	if (precision === "minute") return `${p.day} ${p.minute}`;
	if (precision === "second") return `${p.day} ${p.minute}:${p.second}`;
	return `${p.day} ${p.minute}:${p.second}.${p.milli}`;
}

function localOffset() {
	const minutes = -new Date().getTimezoneOffset();
	if (minutes === 0) return "UTC";
	const sign = minutes < 0 ? "\u2212" : "+";
	const rest = Math.abs(minutes) % 60;
	return `UTC${sign}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${pad(rest)}` : ""}`;
}

export function useClock(): Clock {
	const { zone } = usePreferences();
	return useMemo(() => {
		const utc = zone === "utc";
		return {
			utc,
			zoneName: utc ? "UTC" : localOffset(),
			format: (time, precision = "second") => formatTime(time, utc, precision),
		};
	}, [zone]);
}

export function Time({ value, precision = "second" }: {
	value: string | null | undefined;
	precision?: Precision;
}) {
	const clock = useClock();
	if (!value) return <span className="muted">–</span>;
	return (
		<time dateTime={value} title={`${clock.format(value, "milli")} ${clock.zoneName}`}>
			{clock.format(value, precision)}
		</time>
	);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
	["day", 86400],
	["hour", 3600],
	["minute", 60],
	["second", 1],
];

/** "3 minutes ago"; the exact time is its title. */
export function Age({ value }: { value: string | null | undefined }) {
	const { locale } = useTexts();
	const clock = useClock();
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 15000);
		return () => clearInterval(timer);
	}, []);
	const words = useMemo(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }), [locale]);
	if (!value) return <span className="muted">–</span>;
	const seconds = Math.min(0, Math.round((new Date(value).getTime() - now) / 1000));
	const [unit, size] = STEPS.find(([, s]) => -seconds >= s) ?? ["second", 1];
	return (
		<time className="age" dateTime={value} title={`${clock.format(value, "milli")} ${clock.zoneName}`}>
			{words.format(Math.trunc(seconds / size), unit as Intl.RelativeTimeFormatUnit)}
		</time>
	);
}
