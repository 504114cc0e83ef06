// SPDX-License-Identifier: Apache-2.0
/*
 * theme.ts - Vakt's colours and type over Fluent's tokens, and which theme is shown
 *
 * Brand 70 and 80 carry white text (contrast above 4.5); severity colours stand in look/base.css.
 */
import { createDarkTheme, createLightTheme, type BrandVariants, type Theme } from "@fluentui/react-components";

const brand: BrandVariants = {
	10: "#04161a", 20: "#0a272e", 30: "#0b3842", 40: "#0b4854",
	50: "#0b5866", 60: "#0a6476", 70: "#0a6e83", 80: "#0c768d",
	90: "#2a8da5", 100: "#4aa2b8", 110: "#64b1c4", 120: "#7fc0d0",
	130: "#99cedb", 140: "#b4dce6", 150: "#cfeaf0", 160: "#e9f6f9",
};

const type = {
	fontFamilyBase: "'Inter Variable', 'Segoe UI', system-ui, -apple-system, sans-serif",
	fontFamilyNumeric: "'Inter Variable', 'Segoe UI', system-ui, sans-serif",
	fontFamilyMonospace:
		"'JetBrains Mono Variable', ui-monospace, 'Cascadia Mono', Consolas, monospace",
};

export const lightTheme: Theme = {
	...createLightTheme(brand),
	...type,
	colorNeutralBackground2: "#f7f9fa",
	colorNeutralBackground3: "#f0f3f5",
	colorNeutralForeground3: "#5a6268",
	colorNeutralStroke2: "#e1e6e9",
	colorNeutralStroke3: "#edf1f3",
};

export const darkTheme: Theme = {
	...createDarkTheme(brand),
	...type,
	colorNeutralBackground1: "#1b2023",
	colorNeutralBackground1Hover: "#252b2f",
	colorNeutralBackground1Pressed: "#15191b",
	colorNeutralBackground1Selected: "#2b3236",
	colorNeutralBackground2: "#14181a",
	colorNeutralBackground3: "#101315",
	colorNeutralBackground4: "#0c0f10",
	colorNeutralForeground3: "#a3adb3",
	colorNeutralStroke2: "#31393d",
	colorNeutralStroke3: "#282f33",
	colorBrandForeground1: brand[110],
	colorBrandForeground2: brand[120],
	colorBrandForegroundLink: brand[120],
	colorBrandForegroundLinkHover: brand[130],
};
