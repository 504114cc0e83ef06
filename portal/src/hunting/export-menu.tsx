// SPDX-License-Identifier: Apache-2.0
/* export-menu.tsx - rows of a result as a file, in the form that is chosen */
import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { ArrowDownload20Regular } from "@fluentui/react-icons";

import type { RunAnswer } from "@/api/hunting";
import { useTexts } from "@/text/text";

import { csvOf, jsonOf, save } from "./export";

export function ExportMenu({ answer, rows, name, label }: {
	answer: RunAnswer;
	rows: readonly number[];
	/** Of the file. */
	name: string;
	label: string;
}) {
	const { t } = useTexts();
	const stem = name.replace(/[^\p{L}\p{N} _-]+/gu, "_").trim().slice(0, 60) || "query";
	return (
		<Menu>
			<MenuTrigger disableButtonEnhancement>
				<MenuButton size="small" appearance="subtle" icon={<ArrowDownload20Regular />}>{label}</MenuButton>
			</MenuTrigger>
			<MenuPopover>
				<MenuList>
					<MenuItem onClick={() => save(`${stem}.csv`, "text/csv;charset=utf-8", csvOf(answer, rows))}>{t("hunting.export.csv")}</MenuItem>
					<MenuItem onClick={() => save(`${stem}.json`, "application/json", jsonOf(answer, rows))}>{t("hunting.export.json")}</MenuItem>
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}
