// SPDX-License-Identifier: Apache-2.0
/*
 * text.tsx - every word a person reads, in the language they chose
 *
 * One file a language. The compiler refuses a language that lacks a text, has one too many, or
 * whose text has other slots than the English one.
 */
import { createContext, useContext, useMemo, type ReactNode } from "react";

import { en } from "./en";
import { sv } from "./sv";

type Slots<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | Slots<Rest> : never;
type English = typeof en;
export type TextKey = keyof English;
type Values<K extends TextKey> = [Slots<English[K]>] extends [never]
	? []
	: [Record<Slots<English[K]>, string | number>];

/** Texts that need nothing filled in. */
export type PlainKey = {
	[K in TextKey]: [Slots<English[K]>] extends [never] ? K : never;
}[TextKey];

type Mismatch<T> = {
	[K in TextKey]: K extends keyof T
		? [Slots<English[K]>, Slots<T[K]>] extends [Slots<T[K]>, Slots<English[K]>]
			? never
			: K
		: K;
}[TextKey];
type Complete<T> = [Mismatch<T> | Exclude<keyof T, TextKey>] extends [never]
	? Record<TextKey, string>
	: { error: Mismatch<T> | Exclude<keyof T, TextKey> };

function language<T extends Record<string, string>>(texts: T & Complete<T>): Record<TextKey, string> {
	return texts as unknown as Record<TextKey, string>;
}

export const LANGUAGES = { sv: language(sv), en: language(en) };
export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES: Record<Language, string> = { sv: "Svenska", en: "English" };
/** Swedish dates for Swedish; British ones for English: 24-hour clock and day before month. */
const LOCALES: Record<Language, string> = { sv: "sv-SE", en: "en-GB" };

export interface Texts {
	language: Language;
	locale: string;
	/** A text "one|many" is chosen by the slot n. */
	t<K extends TextKey>(key: K, ...values: Values<K>): string;
	/** For keys made from data of the server: the text, or the data itself where there is none. */
	named(prefix: string, value: string | null | undefined): string;
	number(value: number): string;
}

export function makeTexts(chosen: Language): Texts {
	const texts = LANGUAGES[chosen];
	const locale = LOCALES[chosen];
	const numbers = new Intl.NumberFormat(locale);
	return {
		language: chosen,
		locale,
		t(key, ...values) {
			let text = texts[key];
			const slots = values[0] as Record<string, string | number> | undefined;
			if (!slots) return text;
			const [one, many] = text.split("|", 2);
			if (many !== undefined) text = slots["n"] === 1 ? (one ?? "") : many;
			return text.replace(/\{(\w+)\}/g, (_, name: string) => {
				const value = slots[name] ?? "";
				return typeof value === "number" ? numbers.format(value) : value;
			});
		},
		named(prefix, value) {
			if (!value) return "";
			const key = `${prefix}.${value}`;
			return key in texts ? texts[key as TextKey] : value;
		},
		number: (value) => numbers.format(value),
	};
}

const TextContext = createContext<Texts>(makeTexts("en"));

export function TextProvider({ language: chosen, children }: { language: Language; children: ReactNode }) {
	const texts = useMemo(() => makeTexts(chosen), [chosen]);
	return <TextContext.Provider value={texts}>{children}</TextContext.Provider>;
}

export function useTexts(): Texts {
	return useContext(TextContext);
}

/** What the browser asks for, where the person has not chosen. */
export function preferredLanguage(): Language {
	const known = (navigator.languages ?? []).map((l) => l.slice(0, 2).toLowerCase());
	return known.find((l): l is Language => l in LANGUAGES) ?? "en";
}
