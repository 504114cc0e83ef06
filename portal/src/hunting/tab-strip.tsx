// SPDX-License-Identifier: Apache-2.0
/* tab-strip.tsx - the open queries side by side */
import { Button, Spinner, Tooltip } from "@fluentui/react-components";
import { Add20Regular, Dismiss12Regular } from "@fluentui/react-icons";
import { useEffect, useRef } from "react";

import { useTexts, type Texts } from "@/text/text";

import type { Tab } from "./tabs";
import css from "./hunting.module.css";

export function tabName(tab: Tab, { t }: Texts) {
	return tab.name || t("hunting.tab.unnamed", { number: tab.number });
}

export function isChanged(tab: Tab) {
	return tab.keptId !== null && tab.text !== tab.keptText;
}

export function TabStrip({ tabs, active, full, isRunning, onActivate, onClose, onNew }: {
	tabs: Tab[];
	active: Tab;
	full: boolean;
	isRunning(id: string): boolean;
	onActivate(id: string): void;
	onClose(id: string): void;
	onNew(): void;
}) {
	const texts = useTexts();
	const { t } = texts;
	const shown = useRef<HTMLDivElement>(null);
	useEffect(() => {
		shown.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
	}, [active.id]);
	return (
		<div className={css["strip"]} role="group" aria-label={t("hunting.tabs")}>
			{tabs.map((tab) => {
				const name = tabName(tab, texts);
				const here = tab.id === active.id;
				return (
					<div
						key={tab.id} ref={here ? shown : null} className={`${css["tab"]} ${here ? css["here"] : ""}`}
						onAuxClick={(event) => event.button === 1 && onClose(tab.id)}
					>
						<button
							type="button" className="plain" title={name} onClick={() => onActivate(tab.id)}
							{...(here ? { "aria-current": "true" as const } : {})}
						>
							{isRunning(tab.id) && <Spinner size="extra-tiny" />}
							<span className="clip">{name}</span>
							{isChanged(tab) && <span className={css["dot"]} title={t("hunting.tab.changed")}><span className="unseen">{t("hunting.tab.changed")}</span></span>}
						</button>
						<button type="button" className={`plain ${css["close"]}`} aria-label={t("hunting.tab.close", { name })} onClick={() => onClose(tab.id)}>
							<Dismiss12Regular aria-hidden="true" />
						</button>
					</div>
				);
			})}
			<Tooltip content={t(full ? "hunting.tab.full" : "hunting.tab.new")} relationship="label">
				<Button size="small" appearance="subtle" icon={<Add20Regular />} disabledFocusable={full} onClick={onNew} />
			</Tooltip>
		</div>
	);
}
