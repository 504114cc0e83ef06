// SPDX-License-Identifier: Apache-2.0
/*
 * hunting.tsx - advanced hunting: write a query, run it, look at what it finds, follow it up
 *
 * /hunting?id=ID opens a kept query, /hunting?query=TEXT a new one. The parts stand in hunting/.
 */
import { Button, MessageBar, MessageBarActions, MessageBarBody, Toolbar, ToolbarDivider, Tooltip } from "@fluentui/react-components";
import {
	Dismiss20Regular, PanelLeftExpand20Regular, Play20Filled, Save20Regular, SaveCopy20Regular, ScanDash20Regular, ShareAndroid20Regular, Stop20Filled,
} from "@fluentui/react-icons";
import { useCallback, useEffect, useRef, useState } from "react";

import {
	changeQuery, getQuery, loadSchema, type Cell, type Diagnostic, type KeptQueryText, type RunColumn,
} from "@/api/hunting";
import { withQuery } from "@/api/http";
import { QueryEditor, type EditorHandle } from "@/hunting/editor";
import { SaveDialog, ShareDialog, useKeptQueries } from "@/hunting/kept";
import { Outcome } from "@/hunting/outcome";
import { useRun } from "@/hunting/runs";
import { seekQuery } from "@/hunting/seek";
import { SidePanel, type Side } from "@/hunting/side";
import { Splitter, useEditorHeight } from "@/hunting/splitter";
import { isChanged, tabName, TabStrip } from "@/hunting/tab-strip";
import { useTabs, type NewTab } from "@/hunting/tabs";
import { Page } from "@/parts/page";
import { reasonOf } from "@/parts/states";
import { leads, navigate, setQuery, usePlace } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import css from "@/hunting/hunting.module.css";

/** Takes ?query=TEXT. */
const NEW_RULE = "/detection-rules/new";
const ROOMY = window.matchMedia("(min-width: 1101px)");

type Shown = "save" | "share" | null;

function tabOf(query: KeptQueryText): NewTab {
	return { name: query.name, text: query.query, keptId: query.id, keptText: query.query };
}

interface Tabs {
	full: boolean;
	open(tab: NewTab): void;
}

/** What the address asks for is opened once and taken out of it; while there is no room it stays there. */
function useAddress({ full, open }: Tabs, openKept: (id: string) => void, keptId: string | null) {
	const { query } = usePlace();
	const id = query.get("id");
	const text = query.get("query");
	const seen = useRef<string | null>(null);
	useEffect(() => {
		if (text === null) return;
		open({ text });
		if (!full) setQuery({ query: null });
	}, [text, open, full]);
	useEffect(() => {
		if (id && seen.current !== id && keptId !== id) openKept(id);
		seen.current = id;
	}, [id, keptId, openKept]);
	// The address of a kept query can be sent to others; that of another tab is taken away.
	const shown = useRef(keptId);
	useEffect(() => {
		if (keptId === null && shown.current === null) return;
		shown.current = keptId;
		seen.current = keptId;
		setQuery({ id: keptId });
	}, [keptId]);
}

export default function HuntingPage() {
	const texts = useTexts();
	const { t } = texts;
	const { session, may } = useSession();
	const me = session?.user.id ?? "";
	const { tabs, active, full, refused, dismiss, open, close, activate, change } = useTabs(me);
	const { run, start, cancel, forget, isRunning } = useRun(me, active.id);
	const editor = useRef<EditorHandle>(null);
	const [height, setHeight] = useEditorHeight();
	const [folded, setFolded] = useState(!ROOMY.matches);
	const [side, setSide] = useState<Side>("schema");
	const [shown, setShown] = useState<Shown>(null);
	const [error, setError] = useState<unknown>(null);
	const kept = useKeptQueries();
	const keptOne = kept.list?.find((q) => q.id === active.keptId) ?? null;
	const name = tabName(active, texts);
	const running = run?.state === "running";
	const mayChange = keptOne !== null && (keptOne.ownerId === me || may("HUNT_SHARE"));

	const openKept = useCallback((id: string) => {
		setError(null);
		getQuery(id).then((query) => open(tabOf(query)), setError);
	}, [open]);
	useAddress({ full, open }, openKept, active.keptId);
	const told = error ? reasonOf(error, texts) : refused ? t("hunting.tab.full") : "";

	const go = () => {
		const { text, start: from } = editor.current?.chosen() ?? { text: active.text, start: 0 };
		if (!running && text.trim()) start(text, from);
	};
	// What the server has against a run is marked where it is.
	const failed = run?.state === "failed" ? run : null;
	useEffect(() => {
		if (failed?.diagnostics.length) editor.current?.mark(failed.text, failed.start, failed.diagnostics);
	}, [failed]);
	const save = async () => {
		setError(null);
		try {
			const query = await changeQuery(active.keptId ?? "", { query: active.text });
			change(active.id, { keptText: query.query });
			kept.reload();
		} catch (e) {
			setError(e);
		}
	};
	const seek = (column: RunColumn, values: readonly Cell[]) => {
		const more = values.length > 1 ? ` +${values.length - 1}` : "";
		void loadSchema().then((schema) => open({
			text: seekQuery(schema, column, values), name: String(values[0]).slice(0, 40) + more,
		}), setError);
	};

	return (
		<Page title={t("hunting.title")} fill>
			{told && (
				<MessageBar intent="error" role="alert" className={css["error"]}>
					<MessageBarBody>{told}</MessageBarBody>
					<MessageBarActions
						containerAction={
							<Button
								appearance="transparent" size="small" icon={<Dismiss20Regular />} aria-label={t("action.close")}
								onClick={() => {
									setError(null);
									dismiss();
								}}
							/>
						}
					/>
				</MessageBar>
			)}
			<div className={`card ${css["shell"]}`}>
				{!folded && (
					<SidePanel
						side={side} onSide={setSide} onFold={() => setFolded(true)} kept={kept} shownId={active.keptId}
						round={running ? 0 : 1} onInsert={(text) => editor.current?.insert(text)} onOpenKept={openKept}
						onOpenText={(text) => open({ text })}
						onDeleted={(id) => {
							// Its text stays open, as one that nobody has kept.
							for (const tab of tabs) if (tab.keptId === id) change(tab.id, { keptId: null, keptText: "" });
							kept.reload();
						}}
					/>
				)}
				<div className={css["work"]}>
					<div className={css["top"]}>
						{folded && (
							<Tooltip content={t("hunting.side.unfold")} relationship="label">
								<Button size="small" appearance="subtle" icon={<PanelLeftExpand20Regular />} onClick={() => setFolded(false)} />
							</Tooltip>
						)}
						<TabStrip
							tabs={tabs} active={active} full={full} isRunning={isRunning} onActivate={activate}
							onNew={() => open({})}
							onClose={(id) => {
								forget(id);
								close(id);
							}}
						/>
					</div>
					<Toolbar size="small" className={css["commands"] ?? ""} aria-label={t("hunting.commands")}>
						{running
							? <Button size="small" icon={<Stop20Filled />} onClick={cancel}>{t("action.cancel")}</Button>
							: (
								<Tooltip content={t("hunting.runKeys")} relationship="description">
									<Button size="small" appearance="primary" icon={<Play20Filled />} disabledFocusable={!active.text.trim()} onClick={go}>{t("hunting.run")}</Button>
								</Tooltip>
							)}
						<ToolbarDivider />
						{mayChange && (
							<Button size="small" appearance="subtle" icon={<Save20Regular />} disabledFocusable={!isChanged(active)} onClick={() => void save()}>{t("action.save")}</Button>
						)}
						<Button size="small" appearance="subtle" icon={mayChange ? <SaveCopy20Regular /> : <Save20Regular />} disabledFocusable={!active.text.trim()} onClick={() => setShown("save")}>
							{t(mayChange ? "hunting.saveAs" : "action.save")}
						</Button>
						{keptOne && (
							<Button size="small" appearance="subtle" icon={<ShareAndroid20Regular />} onClick={() => setShown("share")}>{t("hunting.share")}</Button>
						)}
						{may("DETECTION_WRITE") && leads(NEW_RULE) && (
							<Button
								size="small" appearance="subtle" icon={<ScanDash20Regular />} disabledFocusable={!active.text.trim()}
								onClick={() => navigate(withQuery(NEW_RULE, { query: active.text }))}
							>
								{t("hunting.rule")}
							</Button>
						)}
					</Toolbar>
					<div className={css["editor"]} style={{ height }}>
						<QueryEditor
							handle={editor} id={active.id} ids={tabs.map((tab) => tab.id)} text={active.text}
							runLabel={t("hunting.run")} onChange={(text) => change(active.id, { text })} onRun={go}
						/>
					</div>
					<Splitter height={height} onChange={setHeight} />
					<div className={css["outcome"]}>
						<Outcome
							run={run} name={name} onCancel={cancel} onSeek={seek}
							onGo={(d: Diagnostic) => failed && editor.current?.reveal(failed.text, failed.start, d)}
							onNarrow={(step) => {
								change(active.id, { text: `${active.text.trimEnd().replace(/;$/, "")}\n${step}` });
								editor.current?.focus();
							}}
						/>
					</div>
				</div>
			</div>
			{shown === "save" && (
				<SaveDialog
					name={active.name} text={active.text} close={() => setShown(null)}
					saved={(query) => {
						setShown(null);
						change(active.id, tabOf(query));
						kept.reload();
					}}
				/>
			)}
			{shown === "share" && keptOne && <ShareDialog query={keptOne} close={() => setShown(null)} changed={kept.reload} />}
		</Page>
	);
}
