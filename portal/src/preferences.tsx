// SPDX-License-Identifier: Apache-2.0
/*
 * preferences.tsx - theme, language and time zone of this browser
 */
import {
	createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode,
} from "react";

import { LANGUAGES, preferredLanguage, type Language } from "@/text/text";

export const THEMES = ["system", "light", "dark"] as const;
export type ThemeChoice = (typeof THEMES)[number];
export const ZONES = ["local", "utc"] as const;
export type Zone = (typeof ZONES)[number];

interface Preferences {
	theme: ThemeChoice;
	dark: boolean;
	setTheme(theme: ThemeChoice): void;
	language: Language;
	setLanguage(language: Language): void;
	/** The account's language, for a browser in which nobody has chosen one. */
	suggestLanguage(language: string): void;
	zone: Zone;
	setZone(zone: Zone): void;
	narrowNav: boolean;
	setNarrowNav(narrow: boolean): void;
}

const PreferencesContext = createContext<Preferences | null>(null);

function useStored<T extends string>(name: string, allowed: readonly T[], initial: T) {
	const [value, setValue] = useState<T>(() => {
		const stored = localStorage.getItem(`vakt.${name}`) as T | null;
		return stored && allowed.includes(stored) ? stored : initial;
	});
	const store = useCallback(
		(next: T) => {
			localStorage.setItem(`vakt.${name}`, next);
			setValue(next);
		},
		[name],
	);
	return [value, store] as const;
}

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

function useSystemDark() {
	const [dark, setDark] = useState(DARK.matches);
	useEffect(() => {
		const listen = () => setDark(DARK.matches);
		DARK.addEventListener("change", listen);
		return () => DARK.removeEventListener("change", listen);
	}, []);
	return dark;
}

export function PreferencesProvider({ children }: { children: ReactNode }) {
	const [theme, setTheme] = useStored("theme", THEMES, "system");
	const [zone, setZone] = useStored("zone", ZONES, "local");
	const [nav, setNav] = useStored("nav", ["wide", "narrow"], "wide");
	const languages = Object.keys(LANGUAGES) as Language[];
	const [chosen, setLanguage] = useStored("language", languages, preferredLanguage());
	const [suggested, setSuggested] = useState<Language | null>(null);
	const suggestLanguage = useCallback((name: string) => {
		if (name in LANGUAGES && !localStorage.getItem("vakt.language")) setSuggested(name as Language);
	}, []);
	const choose = useCallback((name: Language) => {
		setSuggested(null);
		setLanguage(name);
	}, [setLanguage]);
	const language = suggested ?? chosen;
	const systemDark = useSystemDark();
	const dark = theme === "dark" || (theme === "system" && systemDark);

	useEffect(() => {
		document.documentElement.lang = language;
		document.documentElement.style.colorScheme = dark ? "dark" : "light";
	}, [language, dark]);

	const value = useMemo<Preferences>(
		() => ({
			theme, dark, setTheme, language, setLanguage: choose, suggestLanguage, zone, setZone,
			narrowNav: nav === "narrow",
			setNarrowNav: (narrow) => setNav(narrow ? "narrow" : "wide"),
		}),
		[theme, dark, setTheme, language, choose, suggestLanguage, zone, setZone, nav, setNav],
	);
	return <PreferencesContext.Provider value={value}>{children}</PreferencesContext.Provider>;
}

export function usePreferences(): Preferences {
	const value = useContext(PreferencesContext);
	if (!value) throw new Error("outside of PreferencesProvider");
	return value;
}
