// SPDX-License-Identifier: Apache-2.0
/* side.tsx - beside the editor: the schema, kept queries, what one ran */
import { Button, SearchBox, Tab, TabList, Tooltip } from "@fluentui/react-components";
import { Delete16Regular, PanelLeftContract20Regular, People16Regular } from "@fluentui/react-icons";
import { useMemo, useState } from "react";

import { deleteQuery, HISTORY, type KeptQuery, type PastRun } from "@/api/hunting";
import { request } from "@/api/http";
import { useResource } from "@/api/resource";
import type { Page } from "@/api/types";
import { Confirm } from "@/parts/confirm";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Age } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import { SchemaTree } from "./schema-tree";
import type { KeptQueries } from "./kept";
import css from "./side.module.css";

export const SIDES = ["schema", "queries", "history"] as const;
export type Side = (typeof SIDES)[number];

function Query({ query, shown, mayChange, onOpen, deleted }: {
	query: KeptQuery;
	shown: boolean;
	mayChange: boolean;
	onOpen(): void;
	deleted(): void;
}) {
	const { t } = useTexts();
	return (
		<li className={css["entry"]}>
			<button
				type="button" className={`plain ${css["open"]} ${shown ? css["shown"] : ""}`} onClick={onOpen}
				title={query.description || query.name} {...(shown ? { "aria-current": "true" as const } : {})}
			>
				<span className="clip">{query.name}</span>
				<span className={`muted ${css["small"]}`}>
					{query.shared && <People16Regular aria-hidden="true" />}
					{query.shared && <span className="unseen">{t("hunting.queries.shared")}</span>}
					<span className="clip">{t("hunting.queries.by", { name: query.updatedBy })}</span> <Age value={query.updatedTime} />
				</span>
			</button>
			{mayChange && (
				<Confirm
					trigger={<Button className={css["delete"]} appearance="subtle" size="small" icon={<Delete16Regular />} aria-label={t("hunting.queries.delete", { name: query.name })} />}
					title={t("hunting.queries.deleteTitle", { name: query.name })} text={t("hunting.queries.deleteMore")}
					action={t("hunting.queries.deleteAction")}
					run={async () => {
						await deleteQuery(query.id);
						deleted();
					}}
				/>
			)}
		</li>
	);
}

function Queries({ kept, shownId, onOpen, onDeleted }: {
	kept: KeptQueries;
	shownId: string | null;
	onOpen(id: string): void;
	onDeleted(id: string): void;
}) {
	const { t } = useTexts();
	const { session, may } = useSession();
	const [search, setSearch] = useState("");
	const me = session?.user.id ?? "";
	const found = useMemo(() => {
		const words = search.trim().toLowerCase();
		return (kept.list ?? []).filter((q) => !words || `${q.name} ${q.description}`.toLowerCase().includes(words));
	}, [kept.list, search]);
	const groups = [
		{ title: t("hunting.queries.own"), list: found.filter((q) => q.ownerId === me) },
		{ title: t("hunting.queries.others"), list: found.filter((q) => q.ownerId !== me) },
	];
	return (
		<div className={css["body"]}>
			<div className={css["search"]}>
				<SearchBox
					size="small" aria-label={t("hunting.queries.search")} placeholder={t("hunting.queries.search")}
					value={search} onChange={(_, data) => setSearch(data.value)}
				/>
			</div>
			<ErrorBar error={kept.error} retry={kept.reload} />
			{!kept.list && !kept.error && <Lines rows={4} height={40} />}
			{kept.list?.length === 0 && <Empty title={t("hunting.queries.none")}>{t("hunting.queries.noneMore")}</Empty>}
			{kept.list && kept.list.length > 0 && found.length === 0 && <Empty title={t("hunting.queries.noneFound")} />}
			<div className={css["lists"]}>
				{groups.map(({ title, list }) => list.length > 0 && (
					<section key={title} aria-label={title}>
						<h3>{title}</h3>
						<ul>
							{list.map((query) => (
								<Query
									key={query.id} query={query} shown={query.id === shownId} onOpen={() => onOpen(query.id)}
									mayChange={query.ownerId === me || may("HUNT_SHARE")} deleted={() => onDeleted(query.id)}
								/>
							))}
						</ul>
					</section>
				))}
			</div>
		</div>
	);
}

function History({ round, onOpen }: { round: number; onOpen(text: string): void }) {
	const { t, named, number } = useTexts();
	const { data, error, loading, reload } = useResource<Page<PastRun>>(`${HISTORY}?$top=100#${round}`);
	return (
		<div className={css["body"]}>
			<ErrorBar error={error} retry={reload} />
			{!data && loading && <Lines rows={4} height={40} />}
			{data?.value.length === 0 && <Empty title={t("hunting.history.none")}>{t("hunting.history.noneMore")}</Empty>}
			<div className={css["lists"]}>
				<ul>
					{data?.value.map((run) => (
						<li key={run.sequence} className={css["entry"]}>
							<button type="button" className={`plain ${css["open"]}`} title={run.query} onClick={() => onOpen(run.query)}>
								<span className={`mono ${css["text"]}`}>{run.query.replace(/\s+/g, " ").slice(0, 160)}</span>
								<span className={`muted ${css["small"]}`}>
									<Age value={run.startedTime} />
									<span className={run.outcome === "Success" ? "" : css[run.outcome]}>{named("hunting.outcome", run.outcome)}</span>
									{run.rowCount !== null && <span>{t("hunting.rows", { n: run.rowCount })}</span>}
									<span>{number(Number((run.milliseconds / 1000).toFixed(2)))} s</span>
								</span>
							</button>
						</li>
					))}
				</ul>
			</div>
			{data && data.value.length > 0 && (
				<div className={css["foot"]}>
					<Confirm
						trigger={<Button size="small" appearance="subtle" icon={<Delete16Regular />}>{t("hunting.history.clear")}</Button>}
						title={t("hunting.history.clearTitle")} text={t("hunting.history.clearMore")} action={t("hunting.history.clear")}
						run={async () => {
							await request("DELETE", HISTORY);
							reload();
						}}
					/>
				</div>
			)}
		</div>
	);
}

export function SidePanel({ side, onSide, onFold, kept, shownId, round, onInsert, onOpenKept, onDeleted, onOpenText }: {
	side: Side;
	onSide(side: Side): void;
	onFold(): void;
	kept: KeptQueries;
	shownId: string | null;
	/** Of runs: another one means that the history has grown. */
	round: number;
	onInsert(text: string): void;
	onOpenKept(id: string): void;
	onDeleted(id: string): void;
	onOpenText(text: string): void;
}) {
	const { t } = useTexts();
	return (
		<aside className={css["side"]} aria-label={t("hunting.side")}>
			<div className={css["tabs"]}>
				<TabList size="small" selectedValue={side} onTabSelect={(_, { value }) => onSide(value as Side)}>
					{SIDES.map((value) => <Tab key={value} value={value}>{t(`hunting.side.${value}`)}</Tab>)}
				</TabList>
				<span className="grow" />
				<Tooltip content={t("hunting.side.fold")} relationship="label">
					<Button size="small" appearance="subtle" icon={<PanelLeftContract20Regular />} onClick={onFold} />
				</Tooltip>
			</div>
			{side === "schema" && <SchemaTree onInsert={onInsert} />}
			{side === "queries" && <Queries kept={kept} shownId={shownId} onOpen={onOpenKept} onDeleted={onDeleted} />}
			{side === "history" && <History round={round} onOpen={onOpenText} />}
		</aside>
	);
}
