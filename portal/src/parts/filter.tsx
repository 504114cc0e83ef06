// SPDX-License-Identifier: Apache-2.0
/*
 * filter.tsx - filters above a list; their state is the address, so a filtered list can be sent
 */
import {
	Menu, MenuButton, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger, SearchBox,
} from "@fluentui/react-components";
import { useEffect, useRef, useState } from "react";

import css from "./filter.module.css";

export function FilterMenu({ label, values, nameOf, chosen, onChange }: {
	label: string;
	values: readonly string[];
	nameOf(value: string): string;
	chosen: readonly string[];
	onChange(values: string[]): void;
}) {
	const text = chosen.length ? `${label}: ${chosen.map(nameOf).join(", ")}` : label;
	return (
		<Menu
			checkedValues={{ value: [...chosen] }}
			onCheckedValueChange={(_, data) =>
				onChange(values.filter((value) => data.checkedItems.includes(value)))
			}
		>
			<MenuTrigger disableButtonEnhancement>
				<MenuButton className={`${css["menu"]} ${chosen.length ? css["on"] : ""}`}>{text}</MenuButton>
			</MenuTrigger>
			<MenuPopover>
				<MenuList>
					{values.map((value) => (
						<MenuItemCheckbox key={value} name="value" value={value}>
							{nameOf(value)}
						</MenuItemCheckbox>
					))}
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}

/** Asks 300 ms after the last key. */
export function FilterText({ label, value, onChange }: {
	label: string;
	value: string;
	onChange(value: string): void;
}) {
	const [text, setText] = useState(value);
	const latest = useRef(onChange);
	latest.current = onChange;
	useEffect(() => setText(value), [value]);
	useEffect(() => {
		if (text === value) return;
		const timer = setTimeout(() => latest.current(text.trim()), 300);
		return () => clearTimeout(timer);
	}, [text, value]);
	return (
		<SearchBox
			className={css["text"] ?? ""}
			aria-label={label}
			placeholder={label}
			value={text}
			onChange={(_, data) => setText(data.value)}
		/>
	);
}

export function Filters({ children }: { children: React.ReactNode }) {
	return <div className={css["filters"]}>{children}</div>;
}
