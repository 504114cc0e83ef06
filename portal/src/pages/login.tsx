// SPDX-License-Identifier: Apache-2.0
/*
 * login.tsx - log-in and change of password
 */
import { Button, Field, Input, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { Options20Regular } from "@fluentui/react-icons";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";

import { ApiError, request } from "@/api/http";
import { DisplayMenu, Logo } from "@/frame";
import { reasonOf } from "@/parts/states";
import { navigate } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import css from "./login.module.css";

const PASSWORD_MIN = 12;

function Gate({ title, note, error, busy, action, onSubmit, children }: {
	title: string;
	note?: string | undefined;
	error: string;
	busy: boolean;
	action: string;
	onSubmit(): void;
	children: ReactNode;
}) {
	const { t } = useTexts();
	useEffect(() => {
		document.title = `${title} – Vakt`;
	}, [title]);
	const submit = (event: FormEvent) => {
		event.preventDefault();
		if (!busy) onSubmit();
	};
	return (
		<div className={css["ground"]}>
			<div className={css["corner"]}>
				<DisplayMenu trigger={
					<Button appearance="subtle" icon={<Options20Regular />}>{t("prefs.title")}</Button>
				} />
			</div>
			<main className={`card ${css["gate"]}`}>
				<div className={css["brand"]}><Logo size={36} /><span>Vakt</span></div>
				<h1>{title}</h1>
				{note && <p className={css["note"]}>{note}</p>}
				<form onSubmit={submit} noValidate>
					{error && (
						<MessageBar intent="error" role="alert" layout="multiline">
							<MessageBarBody>{error}</MessageBarBody>
						</MessageBar>
					)}
					{children}
					<Button
						type="submit" appearance="primary" size="large" disabledFocusable={busy}
						icon={busy ? <Spinner size="tiny" /> : null}
					>
						{action}
					</Button>
				</form>
			</main>
		</div>
	);
}

export function Login() {
	const texts = useTexts();
	const { t } = texts;
	const { stage, login } = useSession();
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);

	const submit = async () => {
		if (!name.trim() || !password) {
			setError(t("login.needed"));
			return;
		}
		setBusy(true);
		setError("");
		try {
			await login(name.trim(), password);
		} catch (e) {
			const wrong = e instanceof ApiError && e.status === 401;
			setError(wrong ? t("login.wrong") : reasonOf(e, texts));
			setBusy(false);
		}
	};
	return (
		<Gate
			title={t("login.title")} action={t("login.action")} error={error} busy={busy}
			note={stage === "expired" ? t("login.expired") : undefined}
			onSubmit={() => void submit()}
		>
			<Field label={t("login.name")}>
				<Input
					size="large" name="username" autoComplete="username" autoFocus value={name}
					onChange={(_, data) => setName(data.value)}
				/>
			</Field>
			<Field label={t("login.password")}>
				<Input
					size="large" name="password" type="password" autoComplete="current-password"
					value={password} onChange={(_, data) => setPassword(data.value)}
				/>
			</Field>
		</Gate>
	);
}

/** By choice, or because the first password must go before anything else. */
export function PasswordPage() {
	const texts = useTexts();
	const { t } = texts;
	const { session, reload } = useSession();
	const [current, setCurrent] = useState("");
	const [fresh, setFresh] = useState("");
	const [again, setAgain] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const forced = session?.mustChangePassword ?? false;

	const problem = () => {
		if (!current) return t("password.currentNeeded");
		if (fresh.length < PASSWORD_MIN) return t("password.short", { n: PASSWORD_MIN });
		if (fresh !== again) return t("password.differs");
		return "";
	};
	const submit = async () => {
		const found = problem();
		setError(found);
		if (found) return;
		setBusy(true);
		try {
			await request("POST", "/portal/api/password", {
				body: { current, new: fresh }, keepSession: true,
			});
			await reload();
			if (!forced) navigate("/");
		} catch (e) {
			// Refused in words: the current password is wrong, or the new one is.
			const said = e instanceof ApiError && [400, 401, 403].includes(e.status) && e.message;
			setError(said || reasonOf(e, texts));
			setBusy(false);
		}
	};
	const field = (
		label: string, value: string, set: (value: string) => void, complete: string, hint?: string,
	) => (
		<Field label={label} {...(hint ? { hint } : {})}>
			<Input
				size="large" type="password" autoComplete={complete} value={value}
				autoFocus={complete === "current-password"}
				onChange={(_, data) => set(data.value)}
			/>
		</Field>
	);
	return (
		<Gate
			title={t("password.title")} action={t("password.action")} error={error} busy={busy}
			note={forced ? t("password.forced") : undefined}
			onSubmit={() => void submit()}
		>
			{field(t("password.current"), current, setCurrent, "current-password")}
			{field(t("password.new"), fresh, setFresh, "new-password", t("password.short", { n: PASSWORD_MIN }))}
			{field(t("password.again"), again, setAgain, "new-password")}
			{!forced && (
				<Button size="large" onClick={() => window.history.back()}>{t("action.cancel")}</Button>
			)}
		</Gate>
	);
}
