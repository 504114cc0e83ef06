// SPDX-License-Identifier: Apache-2.0
/*
 * scroll.ts - a scrolling list of any length
 *
 * Browsers end an element at some 33 million pixels. A longer list gets a shorter scroll way: small
 * moves (wheel, arrows) go pixel by pixel, great ones (the scroll bar) in proportion, and when the
 * hand rests the bar is put where the list is. Rows stand in a layer that does not scroll, so there
 * is never a white gap; within a row only a transform moves and React draws nothing.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

export const ROW_HEIGHT = 36;
const WAY_MAX = 8_000_000;
const REST_MS = 140;

export interface Scroll {
	viewport: RefObject<HTMLDivElement>;
	layer: RefObject<HTMLDivElement>;
	/** First row in sight and how many fit, partly seen ones too. */
	first: number;
	count: number;
	way: number;
	height: number;
	/** Width of the scroll bar, for a head above the rows. */
	bar: number;
	toRow(row: number): void;
	/** Scrolls as little as it takes. */
	reveal(row: number): void;
}

export function useScroll(total: number): Scroll {
	const viewport = useRef<HTMLDivElement>(null);
	const layer = useRef<HTMLDivElement>(null);
	const at = useRef({ top: 0, bar: 0, frame: 0, rest: 0 });
	const [height, setHeight] = useState(400);
	const [bar, setBar] = useState(0);
	const [first, setFirst] = useState(0);
	const length = total * ROW_HEIGHT;
	const way = Math.max(height, Math.min(length, WAY_MAX));
	const limits = useRef({ list: 0, bar: 0 });
	limits.current = { list: Math.max(0, length - height), bar: Math.max(0, way - height) };

	const draw = useCallback(() => {
		at.current.frame = 0;
		const { top } = at.current;
		if (layer.current)
			layer.current.style.transform = `translate3d(0, ${-(top % ROW_HEIGHT)}px, 0)`;
		setFirst(Math.floor(top / ROW_HEIGHT));
	}, []);

	const place = useCallback(() => {
		const { list, bar } = limits.current;
		const element = viewport.current;
		if (!element) return;
		element.scrollTop = list ? (at.current.top / list) * bar : 0;
		at.current.bar = element.scrollTop;
	}, []);

	const set = useCallback((top: number) => {
		at.current.top = Math.max(0, Math.min(limits.current.list, top));
		if (!at.current.frame) at.current.frame = requestAnimationFrame(draw);
	}, [draw]);

	useEffect(() => {
		const element = viewport.current;
		const state = at.current;
		if (!element) return;
		const onScroll = () => {
			const { list, bar } = limits.current;
			const now = element.scrollTop;
			const moved = now - state.bar;
			if (moved === 0) return;
			state.bar = now;
			if (list <= bar) set(now);
			else if (Math.abs(moved) < element.clientHeight * 2) set(state.top + moved);
			else set((now / bar) * list);
			window.clearTimeout(state.rest);
			const atEnd = (now <= 0 && state.top > 0) || (now >= bar && state.top < list);
			if (list > bar) state.rest = window.setTimeout(place, atEnd ? 0 : REST_MS);
		};
		element.addEventListener("scroll", onScroll, { passive: true });
		const sized = new ResizeObserver(() => {
			setHeight(element.clientHeight);
			setBar(element.offsetWidth - element.clientWidth);
		});
		sized.observe(element);
		return () => {
			element.removeEventListener("scroll", onScroll);
			sized.disconnect();
			window.clearTimeout(state.rest);
			cancelAnimationFrame(state.frame);
			state.frame = 0;
		};
	}, [place, set]);

	// A new list or window: what is beyond its end comes back.
	useLayoutEffect(() => {
		set(at.current.top);
		place();
	}, [length, height, place, set]);

	const toRow = useCallback((row: number) => {
		set(row * ROW_HEIGHT);
		place();
	}, [place, set]);
	const reveal = useCallback((row: number) => {
		const { top } = at.current;
		const low = (row + 1) * ROW_HEIGHT - height;
		if (row * ROW_HEIGHT < top) toRow(row);
		else if (low > top) {
			set(low);
			place();
		}
	}, [height, place, set, toRow]);

	const count = Math.min(Math.max(0, total - first), Math.ceil(height / ROW_HEIGHT) + 1);
	return { viewport, layer, first, count, way, height, bar, toRow, reveal };
}
