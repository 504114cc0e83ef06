// SPDX-License-Identifier: Apache-2.0
/*
 * search.tsx - the frame's search: "/" goes to it from anywhere, Enter opens the best
 *
 * Asked as one types, a moment after the last letter; an answer that a newer question overtook is
 * thrown away.
 */
import {
	Alert16Regular, Document16Regular, Globe16Regular, LinkMultiple16Regular, Person16Regular, ScanDash16Regular, Search16Regular,
	Server16Regular, type FluentIcon,
} from "@fluentui/react-icons";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";

import { pageOfHit, searchFor, type Hit, type HitKind, type Hits } from "@/api/search";
import { reasonOf } from "@/parts/states";
import { navigate } from "@/router";
import { useTexts } from "@/text/text";

import css from "./search.module.css";

const PAUSE_MS = 200;

const ICONS: Record<HitKind, FluentIcon> = {
	device: Server16Regular, incident: LinkMultiple16Regular, alert: Alert16Regular, file: Document16Regular,
	ip: Globe16Regular, domain: Globe16Regular, user: Person16Regular, rule: ScanDash16Regular, detection: ScanDash16Regular,
};

interface Answer {
	text: string;
	hits: Hits | null;
	error: unknown;
}

function useHits(text: string): Answer | null {
	const [answer, setAnswer] = useState<Answer | null>(null);
	useEffect(() => {
		if (!text) {
			setAnswer(null);
			return;
		}
		const controller = new AbortController();
		const timer = setTimeout(() => {
			searchFor(text, controller.signal).then(
				(hits) => setAnswer({ text, hits, error: null }),
				(error: unknown) => {
					if (!controller.signal.aborted) setAnswer({ text, hits: null, error });
				},
			);
		}, PAUSE_MS);
		return () => {
			clearTimeout(timer);
			controller.abort();
		};
	}, [text]);
	return answer;
}

const editable = (target: EventTarget | null) =>
	target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select, [role=textbox]"));

/** "/" anywhere but in a field. */
function useSlash(focus: () => void) {
	useEffect(() => {
		const onKey = (event: globalThis.KeyboardEvent) => {
			if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || editable(event.target)) return;
			event.preventDefault();
			focus();
		};
		window.addEventListener("keydown", onKey);
		return () => window.removeEventListener("keydown", onKey);
	}, [focus]);
}

/** Groups in which one is called just what was typed stand before the others: Enter opens the first. */
function exactFirst(hits: Hit[], text: string): Hit[] {
	const typed = text.toLowerCase();
	const exact = new Set(hits.filter((h) => h.title.toLowerCase() === typed).map((h) => h.kind));
	return [...hits.filter((h) => exact.has(h.kind)), ...hits.filter((h) => !exact.has(h.kind))];
}

function HitList({ id, hits, active, choose }: { id: string; hits: Hit[]; active: number; choose(hit: Hit): void }) {
	const { t, named } = useTexts();
	return (
		<div role="listbox" id={id} aria-label={t("search.hits")}>
			{hits.map((hit, i) => {
				const Icon = ICONS[hit.kind];
				return (
					<div key={`${hit.kind} ${hit.id}`} role="presentation">
						{hits[i - 1]?.kind !== hit.kind && <div className={css["group"]} role="presentation">{named("hit", hit.kind)}</div>}
						<div
							role="option" id={`${id}-${i}`} aria-selected={i === active}
							className={`${css["hit"]} ${i === active ? css["active"] : ""}`}
							// The field keeps the focus.
							onMouseDown={(event) => event.preventDefault()}
							onClick={() => choose(hit)}
						>
							<Icon aria-hidden="true" />
							<span className="clip" title={hit.title}>
								<span className="unseen">{named("hit", hit.kind)}: </span>{hit.title}
							</span>
							{hit.detail && <span className={`clip ${css["detail"]}`}>{named("severity", hit.detail)}</span>}
						</div>
					</div>
				);
			})}
		</div>
	);
}

export function Search() {
	const texts = useTexts();
	const { t } = texts;
	const id = useId();
	const field = useRef<HTMLInputElement>(null);
	const [text, setText] = useState("");
	const [open, setOpen] = useState(false);
	const [active, setActive] = useState(0);
	const wanted = text.trim();
	const answer = useHits(wanted);
	const hits = exactFirst(answer?.hits?.value ?? [], answer?.text ?? "");
	const fresh = answer?.text === wanted;
	const shown = open && wanted !== "" && answer !== null;
	// Enter before the answer opens its best when it is here.
	const waiting = useRef(false);
	const focus = useRef(() => field.current?.select());
	useSlash(focus.current);
	useEffect(() => setActive(0), [answer]);

	const choose = (hit: Hit) => {
		waiting.current = false;
		setText("");
		setOpen(false);
		field.current?.blur();
		navigate(pageOfHit(hit));
	};
	useEffect(() => {
		const best = hits[0];
		if (waiting.current && fresh && best) choose(best);
		// eslint-disable-next-line react-hooks/exhaustive-deps -- once an answer
	}, [answer]);
	const onKey = (event: KeyboardEvent) => {
		if (event.key === "Escape") {
			if (shown) setOpen(false);
			else field.current?.blur();
		} else if (event.key === "Enter") {
			const hit = hits[active];
			if (fresh && hit) choose(hit);
			else waiting.current = wanted !== "" && !fresh;
		} else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			const step = event.key === "ArrowDown" ? 1 : -1;
			if (hits.length) setActive((active + step + hits.length) % hits.length);
			setOpen(true);
		} else {
			return;
		}
		event.preventDefault();
	};
	return (
		<div role="search" className={css["search"]}>
			<div className={css["box"]}>
				<Search16Regular aria-hidden="true" />
				<input
					ref={field} type="text" role="combobox" autoComplete="off" spellCheck={false}
					aria-label={t("search.label")} placeholder={t("search.hint")} maxLength={200}
					aria-expanded={shown} aria-controls={shown && hits.length ? id : undefined} aria-autocomplete="list"
					aria-activedescendant={shown && hits.length ? `${id}-${active}` : undefined}
					value={text}
					onChange={(event) => {
						waiting.current = false;
						setText(event.target.value);
						setOpen(true);
					}}
					onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onKeyDown={onKey}
				/>
				<kbd aria-hidden="true">/</kbd>
			</div>
			{shown && (
				<div className={css["list"]}>
					{hits.length > 0 && <HitList id={id} hits={hits} active={active} choose={choose} />}
					{fresh && answer.hits && hits.length === 0 && <p className={css["told"]}>{t("search.none")}</p>}
					{answer.hits?.partial && <p className={css["told"]}>{t("search.partial")}</p>}
					{!!answer.error && <p className={css["told"]}>{reasonOf(answer.error, texts)}</p>}
				</div>
			)}
			<span className="unseen" role="status">{shown && fresh ? t("search.found", { n: hits.length }) : ""}</span>
		</div>
	);
}
