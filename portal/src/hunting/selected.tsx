// SPDX-License-Identifier: Apache-2.0
/*
 * selected.tsx - what can be done with the rows that are selected: open their devices, decide about their
 * alerts, hunt for what they hold, take them along
 */
import { Button, Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger, Toolbar } from "@fluentui/react-components";
import { Copy20Regular, Search20Regular, Server20Regular } from "@fluentui/react-icons";
import { useMemo, useState } from "react";

import { changeAlerts } from "@/api/alerts";
import type { Cell, RunAnswer, RunColumn } from "@/api/hunting";
import type { AlertChange } from "@/api/types";
import { AlertActions } from "@/parts/alert-actions";
import { reasonOf } from "@/parts/states";
import { navigate } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import type { CellActions } from "./cell-menu";
import { tsvOf } from "./export";
import { ExportMenu } from "./export-menu";
import { targetOf } from "./seek";
import { isEmpty } from "./values";
import css from "./results.module.css";

const COPY_MAX = 10_000;
const MENU_MAX = 40;
/** That the server changes at once. */
const ALERTS_MAX = 1000;
/** More different values are no longer one question. */
const VALUES_MAX = 50;

/** Where the rows' devices are shown, by name. */
function devicesOf({ columns, rows }: RunAnswer, selected: readonly number[]) {
	const at = (name: string) => columns.findIndex((c) => c.name === name);
	const id = at("DeviceId"), name = at("DeviceName");
	const found = new Map<string, string>();
	for (const i of selected) {
		const row = rows[i] as Cell[];
		const target = targetOf(columns, row, id >= 0 ? id : name);
		if (target && !found.has(target.to)) found.set(target.to, String(row[name] || row[id]));
		if (found.size === MENU_MAX) break;
	}
	return [...found];
}

/** The different values of a column; null where they are more than that, or none. */
function valuesOf({ rows }: RunAnswer, selected: readonly number[], column: number, most = VALUES_MAX) {
	const found = new Set<Cell>();
	for (const i of selected) {
		const value = rows[i]?.[column] ?? null;
		if (!isEmpty(value)) found.add(value);
		if (found.size > most) return null;
	}
	return found.size ? [...found] : null;
}

function seekableOf(answer: RunAnswer, selected: readonly number[]) {
	const found: { column: RunColumn; values: Cell[] }[] = [];
	for (const [j, column] of answer.columns.entries()) {
		const values = column.type === "string" && found.length < MENU_MAX && valuesOf(answer, selected, j);
		if (values) found.push({ column, values });
	}
	return found;
}

function Devices({ devices }: { devices: [string, string][] }) {
	const { t } = useTexts();
	const [only] = devices;
	if (!only) return null;
	if (devices.length === 1)
		return <Button size="small" icon={<Server20Regular />} onClick={() => navigate(only[0])}>{t("hunting.open.device")}</Button>;
	return (
		<Menu>
			<MenuTrigger disableButtonEnhancement>
				<MenuButton size="small" icon={<Server20Regular />}>{t("hunting.open.oneDevice")}</MenuButton>
			</MenuTrigger>
			<MenuPopover>
				<MenuList className={css["seekable"] ?? ""}>
					{devices.map(([to, name]) => <MenuItem key={to} onClick={() => navigate(to)}>{name}</MenuItem>)}
				</MenuList>
			</MenuPopover>
		</Menu>
	);
}

function alertsOf(answer: RunAnswer, selected: readonly number[]) {
	const column = answer.columns.findIndex((c) => c.name === "AlertId");
	return (column >= 0 && valuesOf(answer, selected, column, ALERTS_MAX)?.map(String)) || [];
}

function Alerts({ ids, say }: { ids: string[]; say(text: string): void }) {
	const texts = useTexts();
	const [busy, setBusy] = useState(false);
	const apply = async (change: AlertChange) => {
		setBusy(true);
		await changeAlerts(ids, change).then(
			() => say(texts.t("hunting.selected.changed", { n: ids.length })), (error: unknown) => say(reasonOf(error, texts)));
		setBusy(false);
	};
	return <AlertActions busy={busy} apply={(change) => void apply(change)} />;
}

export function Selected({ answer, rows, name, clear, actions }: {
	answer: RunAnswer;
	rows: readonly number[];
	/** Of a file that is exported. */
	name: string;
	clear(): void;
	actions: Pick<CellActions, "seek" | "say">;
}) {
	const { t } = useTexts();
	const { may } = useSession();
	const alerts = useMemo(() => alertsOf(answer, rows), [answer, rows]);
	const devices = useMemo(() => devicesOf(answer, rows), [answer, rows]);
	const seekable = useMemo(() => seekableOf(answer, rows), [answer, rows]);
	const copy = () =>
		void navigator.clipboard.writeText(tsvOf(answer, rows.slice(0, COPY_MAX))).then(
			() => actions.say(t("copy.done")), () => actions.say(t("copy.failed")));
	return (
		<Toolbar className={css["selected"] ?? ""} aria-label={t("hunting.selected.actions")} size="small">
			<b>{t("hunting.selected", { n: rows.length })}</b>
			<Devices devices={devices} />
			{alerts.length > 0 && may("ALERT_WRITE") && <Alerts ids={alerts} say={actions.say} />}
			{seekable.length > 0 && (
				<Menu>
					<MenuTrigger disableButtonEnhancement>
						<MenuButton size="small" icon={<Search20Regular />}>{t("hunting.seekAll")}</MenuButton>
					</MenuTrigger>
					<MenuPopover>
						<MenuList className={css["seekable"] ?? ""}>
							{seekable.map(({ column, values }) => (
								<MenuItem
									key={column.name} onClick={() => actions.seek(column, values)}
									secondaryContent={values.length === 1 ? String(values[0]).slice(0, 40) : t("hunting.selected.values", { n: values.length })}
								>
									{column.name}
								</MenuItem>
							))}
						</MenuList>
					</MenuPopover>
				</Menu>
			)}
			<Button size="small" icon={<Copy20Regular />} onClick={copy}>
				{rows.length > COPY_MAX ? t("hunting.copy.first", { n: COPY_MAX }) : t("hunting.copy.rows")}
			</Button>
			<ExportMenu answer={answer} rows={rows} name={name} label={t("hunting.export.selected")} />
			<Button size="small" appearance="subtle" onClick={clear}>{t("alerts.clear")}</Button>
		</Toolbar>
	);
}
