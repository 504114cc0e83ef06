// SPDX-License-Identifier: Apache-2.0
/* splitter.tsx - the line between editor and results: drawn by mouse or moved by arrows, kept */
import { useState, type KeyboardEvent, type PointerEvent } from "react";

import { useTexts } from "@/text/text";

import css from "./hunting.module.css";

const KEY = "vakt.hunting.height";
const LEAST = 80, MOST = 800, FIRST = 190, STEP = 20;

const within = (height: number) => Math.round(Math.max(LEAST, Math.min(MOST, height)));

export function useEditorHeight() {
	const [height, setHeight] = useState(() => within(Number(localStorage.getItem(KEY)) || FIRST));
	const set = (wanted: number) => {
		setHeight(within(wanted));
		localStorage.setItem(KEY, String(within(wanted)));
	};
	return [height, set] as const;
}

export function Splitter({ height, onChange }: { height: number; onChange(height: number): void }) {
	const { t } = useTexts();
	const drag = (event: PointerEvent<HTMLDivElement>) => {
		const line = event.currentTarget;
		const from = event.clientY;
		line.setPointerCapture(event.pointerId);
		const move = (e: globalThis.PointerEvent) => onChange(height + e.clientY - from);
		const stop = () => {
			line.removeEventListener("pointermove", move);
			line.removeEventListener("pointerup", stop);
			line.removeEventListener("pointercancel", stop);
		};
		line.addEventListener("pointermove", move);
		line.addEventListener("pointerup", stop);
		line.addEventListener("pointercancel", stop);
	};
	const onKey = (event: KeyboardEvent) => {
		const moves: Record<string, number> = { ArrowUp: height - STEP, ArrowDown: height + STEP, Home: LEAST, End: MOST };
		const to = moves[event.key];
		if (to === undefined) return;
		event.preventDefault();
		onChange(to);
	};
	return (
		<div
			role="separator" aria-orientation="horizontal" aria-label={t("hunting.splitter")} tabIndex={0}
			aria-valuenow={height} aria-valuemin={LEAST} aria-valuemax={MOST}
			className={css["splitter"]} onPointerDown={drag} onKeyDown={onKey}
		/>
	);
}
