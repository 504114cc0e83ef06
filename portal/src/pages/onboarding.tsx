// SPDX-License-Identifier: Apache-2.0
/*
 * onboarding.tsx - how another server comes under protection: a token, a command to paste
 */
import { Button, Field, Input, Select } from "@fluentui/react-components";
import { ArrowDownload20Regular, Delete20Regular, PlugConnected24Regular } from "@fluentui/react-icons";
import { useState, type FormEvent } from "react";

import { request } from "@/api/http";
import { useResource } from "@/api/resource";
import type { EnrolmentToken, NewToken, OnboardingInfo } from "@/api/types";
import { PlainTag } from "@/parts/badges";
import { Confirm } from "@/parts/confirm";
import { CopyBlock, CopyButton } from "@/parts/copy";
import { Facts, Page, Section } from "@/parts/page";
import { Empty, ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time } from "@/parts/time";
import { useTexts, type Texts } from "@/text/text";

import css from "./settings.module.css";

const TOKENS = "/portal/api/onboarding/tokens";
const HOURS = [1, 24, 168, 720] as const;

function download(token: NewToken) {
	const url = URL.createObjectURL(new Blob([JSON.stringify(token.file, null, 2)], { type: "application/json" }));
	const link = document.createElement("a");
	link.href = url;
	link.download = "token.json";
	link.click();
	URL.revokeObjectURL(url);
}

function MakeToken({ made }: { made(token: NewToken): void }) {
	const { t } = useTexts();
	const [description, setDescription] = useState("");
	const [hours, setHours] = useState("24");
	const [uses, setUses] = useState("1");
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const count = Number(uses);
	const wrong = !Number.isInteger(count) || count < 1 || count > 10000;
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		if (wrong || busy) return;
		setBusy(true);
		setError(null);
		try {
			const body = { description: description.trim(), hours: Number(hours), uses: count };
			made(await request<NewToken>("POST", TOKENS, { body }));
			setDescription("");
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	return (
		<form onSubmit={(event) => void submit(event)}>
			<ErrorBar error={error} />
			<div className={css["form"]}>
				<Field label={t("onboarding.description")} className={css["stretch"] ?? ""}>
					<Input
						value={description} maxLength={200} placeholder={t("onboarding.descriptionHint")}
						onChange={(_, d) => setDescription(d.value)}
					/>
				</Field>
				<Field label={t("onboarding.valid")}>
					<Select value={hours} onChange={(_, d) => setHours(d.value)}>
						{HOURS.map((h) => <option key={h} value={h}>{t(`onboarding.hours.${h}`)}</option>)}
					</Select>
				</Field>
				<Field
					label={t("onboarding.uses")}
					{...(wrong ? { validationMessage: t("onboarding.usesWrong") } : {})}
				>
					<Input
						type="number" min={1} max={10000} value={uses} className={css["short"] ?? ""}
						onChange={(_, d) => setUses(d.value)}
					/>
				</Field>
				<Button type="submit" appearance="primary" disabledFocusable={busy || wrong} className={css["submit"] ?? ""}>
					{t("onboarding.make")}
				</Button>
			</div>
		</form>
	);
}

function Made({ token }: { token: NewToken }) {
	const { t } = useTexts();
	return (
		<div className={css["made"]} role="status">
			<p><b>{t("onboarding.paste")}</b> {t("onboarding.once")}</p>
			<CopyBlock text={token.command} label={t("copy.command")} />
			<div className={css["row"]}>
				<Button icon={<ArrowDownload20Regular />} onClick={() => download(token)}>
					{t("onboarding.download")}
				</Button>
				<span className="muted">{t("onboarding.downloadMore")}</span>
			</div>
		</div>
	);
}

export function stateOf(token: EnrolmentToken): "revoked" | "expired" | "used" | "valid" {
	if (token.revokedTime) return "revoked";
	if (new Date(token.expiresTime).getTime() < Date.now()) return "expired";
	return token.uses >= token.usesMax ? "used" : "valid";
}

function columns({ t }: Texts, reload: () => void): Column<EnrolmentToken>[] {
	return [
		{
			id: "description", name: t("onboarding.description"), width: "30%",
			render: (k) => k.description || <span className="muted">{t("onboarding.noDescription")}</span>,
		},
		{
			id: "state", name: t("onboarding.state"), width: "120px",
			render: (k) => {
				const state = stateOf(k);
				return <PlainTag tone={state === "valid" ? "good" : "info"}>{t(`onboarding.state.${state}`)}</PlainTag>;
			},
		},
		{
			id: "uses", name: t("onboarding.used"), width: "110px", align: "end",
			render: (k) => <span className="number">{k.uses} / {k.usesMax}</span>,
		},
		{ id: "by", name: t("onboarding.by"), width: "16%", extra: "medium", render: (k) => k.createdBy },
		{
			id: "made", name: t("alert.created"), width: "160px", extra: "medium",
			render: (k) => <Time value={k.createdTime} precision="minute" />,
		},
		{
			id: "expires", name: t("onboarding.expires"), width: "160px",
			render: (k) => <Time value={k.expiresTime} precision="minute" />,
		},
		{
			id: "revoke", name: t("table.actions"), hidden: true, width: "120px", align: "end",
			render: (k) => stateOf(k) === "valid" && (
				<Confirm
					trigger={<Button size="small" appearance="subtle" icon={<Delete20Regular />}>{t("action.revoke")}</Button>}
					title={t("onboarding.revoke")} text={t("onboarding.revokeMore")} action={t("action.revoke")}
					run={async () => {
						await request("DELETE", `${TOKENS}/${encodeURIComponent(k.id)}`);
						reload();
					}}
				/>
			),
		},
	];
}

export default function OnboardingPage() {
	const texts = useTexts();
	const { t } = texts;
	const info = useResource<OnboardingInfo>("/portal/api/onboarding");
	const tokens = useResource<{ value: EnrolmentToken[] } | { tokens: EnrolmentToken[] }>(TOKENS, 15);
	const [made, setMade] = useState<NewToken | null>(null);
	const rows = tokens.data ? ("value" in tokens.data ? tokens.data.value : tokens.data.tokens) : [];
	return (
		<Page title={t("onboarding.title")} subtitle={<span>{t("onboarding.subtitle")}</span>}>
			<div className={css["stack"]}>
				<ErrorBar error={info.error} retry={info.reload} />
				<Section title={t("onboarding.new")}>
					<MakeToken made={(token) => {
						setMade(token);
						tokens.reload();
					}} />
					{made && <Made token={made} key={made.id} />}
				</Section>
				{info.data && (
					<Section title={t("onboarding.server")}>
						<Facts columns={2} facts={[
							{ name: t("onboarding.address"), value: <span className="mono">{info.data.address}</span> },
							{
								name: t("onboarding.fingerprint"),
								value: (
									<span className={css["row"]}>
										<span className="mono wrap">{info.data.caFingerprint}</span>
										<CopyButton text={info.data.caFingerprint} label={t("copy.hash")} />
									</span>
								),
							},
						]} />
					</Section>
				)}
				<Section title={t("onboarding.tokens")} pad={false}>
					{!!tokens.error && <div className={css["pad"]}><ErrorBar error={tokens.error} retry={tokens.reload} /></div>}
					{!tokens.data && tokens.loading && <Lines rows={3} />}
					{tokens.data && rows.length === 0 && (
						<Empty icon={<PlugConnected24Regular />} title={t("onboarding.none")}>{t("onboarding.noneMore")}</Empty>
					)}
					{rows.length > 0 && (
						<Table
							label={t("onboarding.tokens")} columns={columns(texts, tokens.reload)} rows={rows}
							idOf={(k) => k.id} nameOf={(k) => k.description}
						/>
					)}
				</Section>
			</div>
		</Page>
	);
}
