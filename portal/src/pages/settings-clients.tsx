// SPDX-License-Identifier: Apache-2.0
/* settings-clients.tsx - programs that use the API: what they may, and their secret once */
import {
	Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field,
	Input,
} from "@fluentui/react-components";
import { Add20Regular, AppsListDetail24Regular, Delete20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { request } from "@/api/http";
import { useResource } from "@/api/resource";
import type { ApiClient, NewApiClient } from "@/api/types";
import { PlainTag } from "@/parts/badges";
import { Confirm } from "@/parts/confirm";
import { CopyBlock, CopyButton } from "@/parts/copy";
import { Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

import css from "./settings.module.css";

const CLIENTS = "/portal/api/clients";
const PERMISSIONS = [
	"Alert.Read.All", "Alert.ReadWrite.All", "Incident.Read.All", "Incident.ReadWrite.All",
	"Machine.Read.All", "AdvancedQuery.Read.All", "ThreatHunting.Read.All",
	"CustomDetection.Read.All", "CustomDetection.ReadWrite.All", "File.Read.All", "Ip.Read.All", "URL.Read.All",
	"DetectionTuning.Read.All", "DetectionTuning.ReadWrite.All",
] as const;

function NewClient({ close, made }: { close(): void; made(client: NewApiClient): void }) {
	const { t } = useTexts();
	const [name, setName] = useState("");
	const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const ready = name.trim() !== "" && chosen.size > 0 && !busy;
	const submit = async () => {
		setBusy(true);
		setError(null);
		try {
			const body = { name: name.trim(), permissions: PERMISSIONS.filter((p) => chosen.has(p)) };
			made(await request<NewApiClient>("POST", CLIENTS, { body }));
		} catch (e) {
			setError(e);
			setBusy(false);
		}
	};
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				if (ready) void submit();
			}}
		>
			<DialogBody>
				<DialogTitle>{t("clients.new")}</DialogTitle>
				<DialogContent>
					<div className={css["dialog"]}>
						<ErrorBar error={error} />
						<Field label={t("clients.name")} required>
							<Input value={name} maxLength={100} autoFocus onChange={(_, d) => setName(d.value)} />
						</Field>
						<fieldset className={css["group"]}>
							<legend>{t("clients.permissions")}</legend>
							<div className={css["checks"]}>
								{PERMISSIONS.map((p) => (
									<Checkbox
										key={p} label={p} checked={chosen.has(p)}
										onChange={(_, d) => {
											const next = new Set(chosen);
											if (d.checked) next.add(p);
											else next.delete(p);
											setChosen(next);
										}}
									/>
								))}
							</div>
						</fieldset>
					</div>
				</DialogContent>
				<DialogActions>
					<Button type="submit" appearance="primary" disabledFocusable={!ready}>{t("action.create")}</Button>
					<Button onClick={close}>{t("action.cancel")}</Button>
				</DialogActions>
			</DialogBody>
		</form>
	);
}

function Secret({ client, close }: { client: NewApiClient; close(): void }) {
	const { t } = useTexts();
	const { session } = useSession();
	return (
		<DialogBody>
			<DialogTitle>{t("clients.made", { name: client.name })}</DialogTitle>
			<DialogContent>
				<div className={css["dialog"]}>
					<span>{t("clients.once")}</span>
					<Field label={t("clients.tenant")}><CopyBlock text={session?.tenantId ?? ""} label={t("clients.tenant")} /></Field>
					<Field label={t("clients.id")}><CopyBlock text={client.id} label={t("clients.id")} /></Field>
					<Field label={t("clients.secret")}><CopyBlock text={client.secret} label={t("clients.secret")} /></Field>
				</div>
			</DialogContent>
			<DialogActions>
				<Button appearance="primary" onClick={close}>{t("action.done")}</Button>
			</DialogActions>
		</DialogBody>
	);
}

function columns({ t }: Texts, reload: () => void): Column<ApiClient>[] {
	return [
		{ id: "name", name: t("clients.name"), width: "20%", render: (c) => <b>{c.name}</b> },
		{
			id: "id", name: t("clients.id"), width: "330px", extra: "medium",
			render: (c) => (
				<>
					<span className="mono">{c.id}</span>
					<CopyButton text={c.id} label={t("copy.value", { name: t("clients.id") })} />
				</>
			),
		},
		{
			id: "permissions", name: t("clients.permissions"), width: "34%",
			render: (c) => <span title={c.permissions.join(", ")}>{c.permissions.join(", ")}</span>,
		},
		{
			id: "made", name: t("alert.created"), width: "150px",
			render: (c) => <Time value={c.createdTime} precision="minute" />,
		},
		{
			id: "revoke", name: t("table.actions"), hidden: true, width: "130px", align: "end",
			render: (c) => c.revokedTime
				? <PlainTag>{t("onboarding.state.revoked")}</PlainTag>
				: (
					<Confirm
						trigger={<Button size="small" appearance="subtle" icon={<Delete20Regular />}>{t("action.revoke")}</Button>}
						title={t("clients.revoke", { name: c.name })} text={t("clients.revokeMore")}
						action={t("action.revoke")}
						run={async () => {
							await request("DELETE", `${CLIENTS}/${encodeURIComponent(c.id)}`);
							reload();
						}}
					/>
				),
		},
	];
}

export function ApiClients() {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, loading, reload } = useResource<{ value: ApiClient[] }>(CLIENTS);
	const [adding, setAdding] = useState(false);
	const [made, setMade] = useState<NewApiClient | null>(null);
	const close = () => {
		setAdding(false);
		setMade(null);
	};
	const rows = data?.value ?? [];
	return (
		<Section
			title={t("settings.clients")} pad={false}
			actions={
				<Button appearance="primary" icon={<Add20Regular />} onClick={() => setAdding(true)}>{t("clients.new")}</Button>
			}
		>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && loading && <Lines rows={3} />}
			{data && rows.length === 0 && (
				<Empty icon={<AppsListDetail24Regular />} title={t("clients.none")}>{t("clients.noneMore")}</Empty>
			)}
			{rows.length > 0 && (
				<Table
					label={t("settings.clients")} columns={columns(texts, reload)} rows={rows}
					idOf={(c) => c.id} nameOf={(c) => c.name}
				/>
			)}
			<Dialog
				open={adding || made !== null} modalType={made ? "alert" : "modal"}
				onOpenChange={(_, d) => !d.open && close()}
			>
				<DialogSurface>
					{made
						? <Secret client={made} close={close} />
						: (
							<NewClient close={close} made={(client) => {
								setMade(client);
								reload();
							}} />
						)}
				</DialogSurface>
			</Dialog>
		</Section>
	);
}
