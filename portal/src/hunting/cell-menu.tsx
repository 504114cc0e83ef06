// SPDX-License-Identifier: Apache-2.0
/* cell-menu.tsx - what can be done with one value: follow it, hunt for it, filter by it, copy it */
import { Menu, MenuDivider, MenuItem, MenuList, MenuPopover } from "@fluentui/react-components";
import {
	Alert20Regular, Copy20Regular, Document20Regular, Filter20Regular, FilterDismiss20Regular, Globe20Regular,
	PanelRight20Regular, Person20Regular, Search20Regular,
	Server20Regular, TextAdd20Regular,
} from "@fluentui/react-icons";

import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import { navigate } from "@/router";
import { useTexts } from "@/text/text";

import type { CellPlace } from "./grid";
import type { Filter } from "./result";
import { condition, targetOf } from "./seek";
import { textOf } from "./values";

export interface CellActions {
	filter(filter: Filter): void;
	/** Adds a step to the query. */
	narrow(step: string): void;
	seek(column: RunColumn, values: readonly Cell[]): void;
	open(row: number): void;
	/** What came of it, in a few words. */
	say(text: string): void;
}

const ICONS = {
	device: Server20Regular, alert: Alert20Regular, file: Document20Regular, ip: Globe20Regular, domain: Globe20Regular,
	user: Person20Regular,
};

export function CellMenu({ answer, place, close, actions }: {
	answer: RunAnswer;
	place: CellPlace | null;
	close(): void;
	actions: CellActions;
}) {
	const { t } = useTexts();
	if (!place) return null;
	const { row, column } = place;
	const values = answer.rows[row] as Cell[];
	const about = answer.columns[column] as RunColumn;
	const value = values[column] ?? null;
	const target = targetOf(answer.columns, values, column);
	const Icon = target && ICONS[target.kind];
	const filled = value !== null && value !== "";
	return (
		<Menu
			open positioning={{ target: place.element, position: "below", align: "start" }}
			onOpenChange={(_, data) => !data.open && close()}
		>
			<MenuPopover>
				<MenuList aria-label={t("hunting.cell.actions")}>
					{target && Icon && (
						<MenuItem icon={<Icon />} onClick={() => navigate(target.to)}>{t(`hunting.open.${target.kind}`)}</MenuItem>
					)}
					<MenuItem icon={<PanelRight20Regular />} onClick={() => actions.open(row)}>{t("hunting.row.open")}</MenuItem>
					{filled && (
						<MenuItem icon={<Search20Regular />} onClick={() => actions.seek(about, [value])}>{t("hunting.seek")}</MenuItem>
					)}
					<MenuDivider />
					<MenuItem icon={<Filter20Regular />} onClick={() => actions.filter({ column, value, keep: true })}>
						{t("hunting.filter.only")}
					</MenuItem>
					<MenuItem icon={<FilterDismiss20Regular />} onClick={() => actions.filter({ column, value, keep: false })}>
						{t("hunting.filter.without")}
					</MenuItem>
					<MenuItem icon={<TextAdd20Regular />} onClick={() => actions.narrow(condition(about, value, true))}>
						{t("hunting.narrow.only")}
					</MenuItem>
					<MenuItem icon={<TextAdd20Regular />} onClick={() => actions.narrow(condition(about, value, false))}>
						{t("hunting.narrow.without")}
					</MenuItem>
					<MenuDivider />
					<MenuItem
						icon={<Copy20Regular />}
						onClick={() => void navigator.clipboard.writeText(textOf(value)).then(
							() => actions.say(t("copy.done")), () => actions.say(t("copy.failed")))}
					>
						{t("hunting.copy.value")}
					</MenuItem>
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}
