// SPDX-License-Identifier: Apache-2.0
/*
 * window.ts - which rows and columns of a large table are in sight
 *
 * The viewport scrolls over an empty way; rows and head stand in a pane that does not scroll and are
 * moved by a transform, so that there is never a white gap. Within a row and a column React draws
 * nothing. A hundred thousand rows of 32 pixels are well below what a browser lets scroll.
 */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";

export const ROW_HEIGHT = 32;
export const HEAD_HEIGHT = 36;
/** Columns drawn beside those in sight. */
const MARGIN = 1;

export interface Window {
	viewport: RefObject<HTMLDivElement>;
	head: RefObject<HTMLDivElement>;
	body: RefObject<HTMLDivElement>;
	firstRow: number;
	rowCount: number;
	firstColumn: number;
	columnEnd: number;
	/** Where each column begins; one more: where all end. */
	starts: number[];
	width: number;
	height: number;
	paneWidth: number;
	paneHeight: number;
	/** Scrolls as little as it takes. */
	reveal(row: number, column: number): void;
	rowsOfPage: number;
}

function startsOf(widths: readonly number[], lead: number) {
	const starts = [lead];
	for (const width of widths) starts.push((starts[starts.length - 1] as number) + width);
	return starts;
}

/** The last that begins at or before a place. */
function columnAt(starts: number[], x: number) {
	let low = 0, high = starts.length - 2;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if ((starts[middle] as number) <= x) low = middle;
		else high = middle - 1;
	}
	return Math.max(0, low);
}

/** lead: width of what stays at the left of all columns. */
export function useWindow(rows: number, widths: readonly number[], lead: number): Window {
	const viewport = useRef<HTMLDivElement>(null);
	const head = useRef<HTMLDivElement>(null);
	const body = useRef<HTMLDivElement>(null);
	const frame = useRef(0);
	const [size, setSize] = useState({ width: 800, height: 300 });
	const starts = useMemo(() => startsOf(widths, lead), [widths, lead]);
	const [first, setFirst] = useState({ row: 0, column: 0, end: 1 });
	const width = starts[starts.length - 1] as number;
	const height = HEAD_HEIGHT + rows * ROW_HEIGHT;

	const draw = useCallback(() => {
		frame.current = 0;
		const element = viewport.current;
		if (!element) return;
		const { scrollTop: top, scrollLeft: left } = element;
		if (head.current) head.current.style.transform = `translate3d(${-left}px, 0, 0)`;
		if (body.current)
			body.current.style.transform = `translate3d(${-left}px, ${-(top % ROW_HEIGHT)}px, 0)`;
		const row = Math.floor(top / ROW_HEIGHT);
		const column = Math.max(0, columnAt(starts, left) - MARGIN);
		const end = Math.min(starts.length - 1, columnAt(starts, left + element.clientWidth) + 1 + MARGIN);
		setFirst((old) =>
			old.row === row && old.column === column && old.end === end ? old : { row, column, end });
	}, [starts]);

	useEffect(() => {
		const element = viewport.current;
		if (!element) return;
		const onScroll = () => {
			if (!frame.current) frame.current = requestAnimationFrame(draw);
		};
		element.addEventListener("scroll", onScroll, { passive: true });
		const sized = new ResizeObserver(() => {
			setSize({ width: element.clientWidth, height: element.clientHeight });
			onScroll();
		});
		sized.observe(element);
		return () => {
			element.removeEventListener("scroll", onScroll);
			sized.disconnect();
			cancelAnimationFrame(frame.current);
			frame.current = 0;
		};
	}, [draw]);
	useLayoutEffect(draw, [draw, rows, size]);

	const reveal = useCallback((row: number, column: number) => {
		const element = viewport.current;
		if (!element) return;
		const room = element.clientHeight - HEAD_HEIGHT;
		const top = row * ROW_HEIGHT;
		if (row >= 0 && top < element.scrollTop) element.scrollTop = top;
		else if (row >= 0 && top + ROW_HEIGHT > element.scrollTop + room) element.scrollTop = top + ROW_HEIGHT - room;
		const from = starts[column] as number, to = starts[column + 1] as number;
		if (from - lead < element.scrollLeft) element.scrollLeft = from - lead;
		else if (to > element.scrollLeft + element.clientWidth)
			element.scrollLeft = Math.min(from - lead, to - element.clientWidth);
	}, [starts, lead]);

	const rowsOfPage = Math.max(1, Math.floor((size.height - HEAD_HEIGHT) / ROW_HEIGHT));
	return {
		viewport, head, body, starts, width, height, reveal, rowsOfPage,
		firstRow: Math.min(first.row, Math.max(0, rows - 1)),
		rowCount: Math.max(0, Math.min(rows - first.row, rowsOfPage + 2)),
		firstColumn: first.column, columnEnd: Math.min(first.end, starts.length - 1),
		paneWidth: size.width, paneHeight: size.height,
	};
}
