// SPDX-License-Identifier: Apache-2.0
/*
 * source.ts - a list of a million events of which only what is looked at is fetched
 *
 * The histogram says how many events each slice of time has, and so where row number n is: in which
 * slice, how many from its end. Pages are fetched from there, newest first; the page after a known
 * one by its cursor. Kept are PAGES_MAX pages; at most FLIGHTS_MAX questions are under way, and one
 * whose rows have been scrolled past is dropped.
 */
import { get, withQuery } from "@/api/http";
import type { Histogram, TimelineEvent, TimelinePage } from "@/api/types";

export const PAGE_ROWS = 200;
const PAGES_MAX = 80;
const FLIGHTS_MAX = 3;
/** Above this a slice is cut into finer ones first: skipping costs the server as much as reading. */
const SKIP_MAX = 20000;
const BUCKETS = 1000;

export interface TimelineFilter {
	machineId: string;
	from: string;
	to: string;
	kinds: string;
	text: string;
}

export function timelinePath({ machineId }: TimelineFilter, part = "") {
	return `/portal/api/machines/${machineId}/timeline${part}`;
}

export function histogramPath(filter: TimelineFilter, from = filter.from, to = filter.to) {
	const { kinds, text } = filter;
	return withQuery(timelinePath(filter, "/histogram"), { from, to, kinds, text, buckets: BUCKETS });
}

export interface Slice {
	from: number;
	to: number;
	count: number;
	gap: boolean;
	/** Rows that are newer than this slice. */
	before: number;
}

/** Newest first. */
export function slicesOf(histogram: Histogram): Slice[] {
	const end = new Date(histogram.to).getTime();
	const size = histogram.bucketSeconds * 1000;
	let before = 0;
	return histogram.buckets
		.map((bucket) => ({ ...bucket, from: new Date(bucket.time).getTime() }))
		.sort((a, b) => b.from - a.from)
		.map(({ from, count, gap }) => {
			const slice = { from, to: Math.min(end, from + size), count, gap, before };
			before += count;
			return slice;
		});
}

/** The slice that holds the row; slices are ordered by their first row. */
export function sliceOfRow(slices: Slice[], row: number): Slice | undefined {
	let low = 0;
	let high = slices.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if ((slices[middle]?.before ?? 0) <= row) low = middle;
		else high = middle - 1;
	}
	// Empty slices share their number with the next one that has rows.
	while (low > 0 && slices[low]?.count === 0) low--;
	return slices[low];
}

export class TimelineSource {
	readonly total: number;
	readonly slices: Slice[];
	private readonly pages = new Map<number, TimelinePage>();
	private readonly flights = new Map<number, AbortController>();
	private readonly finer = new Map<number, Promise<Slice[]>>();
	private wanted: number[] = [];
	private listener: () => void = () => undefined;
	private failed = new Map<number, unknown>();
	private closed = false;

	constructor(private readonly filter: TimelineFilter, histogram: Histogram) {
		this.slices = slicesOf(histogram);
		this.total = histogram.total;
	}

	listen(listener: () => void) {
		this.listener = listener;
	}

	close() {
		this.closed = true;
		for (const flight of this.flights.values()) flight.abort();
		this.flights.clear();
	}

	event(row: number): TimelineEvent | undefined {
		return this.pages.get(Math.floor(row / PAGE_ROWS))?.events[row % PAGE_ROWS];
	}

	/** What went wrong with the rows that are looked at. */
	get error(): unknown {
		for (const page of this.wanted) if (this.failed.has(page)) return this.failed.get(page);
		return null;
	}

	retry() {
		this.failed.clear();
		this.pump();
		this.listener();
	}

	/** Rows that are in sight; what lies about them follows. */
	look(first: number, last: number) {
		const from = Math.max(0, Math.floor(first / PAGE_ROWS));
		const to = Math.min(Math.floor(last / PAGE_ROWS), Math.floor((this.total - 1) / PAGE_ROWS));
		const pages: number[] = [];
		for (let page = from; page <= to; page++) pages.push(page);
		if ((to + 1) * PAGE_ROWS < this.total) pages.push(to + 1);
		if (from > 0) pages.push(from - 1);
		this.wanted = pages;
		for (const page of pages.filter((p) => this.pages.has(p))) this.touch(page);
		for (const [page, flight] of this.flights) {
			if (pages.includes(page)) continue;
			flight.abort();
			this.flights.delete(page);
		}
		this.pump();
	}

	private touch(page: number) {
		const kept = this.pages.get(page);
		if (!kept) return;
		this.pages.delete(page);
		this.pages.set(page, kept);
	}

	private pump() {
		for (const page of this.wanted) {
			if (this.flights.size >= FLIGHTS_MAX) return;
			if (this.pages.has(page) || this.flights.has(page) || this.failed.has(page)) continue;
			void this.fetch(page);
		}
	}

	private async fetch(page: number) {
		const controller = new AbortController();
		this.flights.set(page, controller);
		try {
			const found = await get<TimelinePage>(await this.address(page), controller.signal);
			await this.complete(found, controller.signal);
			this.pages.set(page, found);
			for (const old of this.pages.keys()) {
				if (this.pages.size <= PAGES_MAX) break;
				this.pages.delete(old);
			}
		} catch (error) {
			if (!controller.signal.aborted) this.failed.set(page, error);
		}
		if (this.flights.get(page) === controller) this.flights.delete(page);
		if (this.closed) return;
		this.pump();
		this.listener();
	}

	/** Where rows are large the server sends fewer of them than were asked for. */
	private async complete(page: TimelinePage, signal: AbortSignal) {
		const { from, to, kinds, text } = this.filter;
		while (page.nextCursor && page.events.length < PAGE_ROWS) {
			const limit = PAGE_ROWS - page.events.length;
			const query = { from, to, kinds, text, limit, cursor: page.nextCursor };
			const more = await get<TimelinePage>(withQuery(timelinePath(this.filter), query), signal);
			page.events.push(...more.events);
			page.nextCursor = more.events.length ? more.nextCursor : null;
		}
	}

	private async address(page: number): Promise<string> {
		const { from, to, kinds, text } = this.filter;
		const query = { from, to, kinds, text, limit: PAGE_ROWS };
		const cursor = this.pages.get(page - 1)?.nextCursor;
		if (cursor) return withQuery(timelinePath(this.filter), { ...query, cursor });
		if (page === 0) return withQuery(timelinePath(this.filter), query);
		const row = page * PAGE_ROWS;
		const { before, skip } = await this.locate(row);
		return withQuery(timelinePath(this.filter), { ...query, before, skip: skip || null });
	}

	private async locate(row: number) {
		let slice = sliceOfRow(this.slices, row);
		let skip = row - (slice?.before ?? 0);
		if (slice && skip > SKIP_MAX && slice.to - slice.from > 1000) {
			const fine = sliceOfRow(await this.refine(slice), skip);
			if (fine) {
				skip -= fine.before;
				slice = fine;
			}
		}
		return { before: new Date(slice?.to ?? this.filter.to).toISOString(), skip };
	}

	private refine(slice: Slice): Promise<Slice[]> {
		let found = this.finer.get(slice.from);
		if (!found) {
			const from = new Date(slice.from).toISOString();
			const to = new Date(slice.to).toISOString();
			found = get<Histogram>(histogramPath(this.filter, from, to)).then(slicesOf);
			found.catch(() => this.finer.delete(slice.from));
			this.finer.set(slice.from, found);
		}
		return found;
	}
}

/** The first row that is not newer than the time, to within its slice. */
export function rowOfTime(slices: Slice[], time: number): number {
	for (const slice of slices) {
		if (slice.to > time && slice.from > time) continue;
		const share = Math.min(1, Math.max(0, (slice.to - time) / Math.max(1, slice.to - slice.from)));
		return Math.floor(slice.before + share * slice.count);
	}
	const last = slices.at(-1);
	return last ? last.before + last.count : 0;
}

/** About when a row that is not fetched happened. */
export function timeOfRow(slices: Slice[], row: number): number {
	const slice = sliceOfRow(slices, row);
	if (!slice) return 0;
	const share = slice.count ? Math.min(1, (row - slice.before) / slice.count) : 0;
	return slice.to - share * (slice.to - slice.from);
}
