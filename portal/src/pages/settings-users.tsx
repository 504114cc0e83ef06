// SPDX-License-Identifier: Apache-2.0
/* settings-users.tsx - people: their roles, their way in */
import {
	Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field,
	Input,
} from "@fluentui/react-components";
import { Edit20Regular, PersonAdd20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { request } from "@/api/http";
import { useResource } from "@/api/resource";
import type { Person } from "@/api/types";
import { PlainTag } from "@/parts/badges";
import { CopyBlock } from "@/parts/copy";
import { Section } from "@/parts/page";
import { ErrorBar, Lines } from "@/parts/states";
import { Table, type Column } from "@/parts/table";
import { Time } from "@/parts/time";
import { useSession } from "@/session";
import { useTexts, type Texts } from "@/text/text";

import css from "./settings.module.css";

const USERS = "/portal/api/users";
const ROLES = ["Owner", "SecurityAdmin", "Reader"] as const;
const LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";

/** 20 of 54 letters: 115 bits. The person must change it at the first log-in. */
function makePassword() {
	const random = crypto.getRandomValues(new Uint32Array(20));
	return [...random].map((n) => LETTERS[n % LETTERS.length]).join("");
}

function Roles({ chosen, change }: { chosen: readonly string[]; change(roles: string[]): void }) {
	const { t, named } = useTexts();
	return (
		<fieldset className={css["group"]}>
			<legend>{t("users.roles")}</legend>
			<div>
				{ROLES.map((role) => (
					<div key={role}>
						<Checkbox
							label={`${named("role", role)}: ${t(`role.${role}.more`)}`} checked={chosen.includes(role)}
							onChange={(_, d) =>
								change(ROLES.filter((r) => (r === role ? !!d.checked : chosen.includes(r))))}
						/>
					</div>
				))}
			</div>
		</fieldset>
	);
}

function Editor({ person, close, reload }: { person: Person | null; close(): void; reload(): void }) {
	const { t } = useTexts();
	const { session } = useSession();
	const [name, setName] = useState(person?.name ?? "");
	const [roles, setRoles] = useState<string[]>(person?.roles ?? ["Reader"]);
	const [disabled, setDisabled] = useState(person?.disabled ?? false);
	const [renew, setRenew] = useState(false);
	const [password] = useState(makePassword);
	const [told, setTold] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const own = person?.id === session?.user.id;
	const ready = name.trim() !== "" && roles.length > 0 && !busy;
	const gives = !person || renew;

	const submit = async () => {
		setBusy(true);
		setError(null);
		try {
			if (person) {
				const body = { roles, ...(own ? {} : { disabled }), ...(renew ? { password } : {}) };
				await request("PATCH", `${USERS}/${encodeURIComponent(person.id)}`, { body });
			} else {
				await request("POST", USERS, { body: { name: name.trim(), roles, password } });
			}
			reload();
			if (gives) setTold(true);
			else close();
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	if (told) {
		return (
			<DialogBody>
				<DialogTitle>{name}</DialogTitle>
				<DialogContent>
					<div className={css["dialog"]}>
						<span>{t("users.passwordOnce")}</span>
						<CopyBlock text={password} label={t("login.password")} />
					</div>
				</DialogContent>
				<DialogActions><Button appearance="primary" onClick={close}>{t("action.done")}</Button></DialogActions>
			</DialogBody>
		);
	}
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				if (ready) void submit();
			}}
		>
			<DialogBody>
				<DialogTitle>{person ? person.name : t("users.new")}</DialogTitle>
				<DialogContent>
					<div className={css["dialog"]}>
						<ErrorBar error={error} />
						{!person && (
							<Field label={t("login.name")} required hint={t("users.passwordComes")}>
								<Input value={name} maxLength={100} autoFocus autoComplete="off" onChange={(_, d) => setName(d.value)} />
							</Field>
						)}
						<Roles chosen={roles} change={setRoles} />
						{person && !own && (
							<div>
								<Checkbox label={t("users.disable")} checked={disabled} onChange={(_, d) => setDisabled(!!d.checked)} />
								<br />
								<Checkbox label={t("users.renew")} checked={renew} onChange={(_, d) => setRenew(!!d.checked)} />
							</div>
						)}
					</div>
				</DialogContent>
				<DialogActions>
					<Button type="submit" appearance="primary" disabledFocusable={!ready}>
						{t(person ? "action.save" : "action.create")}
					</Button>
					<Button onClick={close}>{t("action.cancel")}</Button>
				</DialogActions>
			</DialogBody>
		</form>
	);
}

function columns({ t, named }: Texts, edit: (person: Person) => void): Column<Person>[] {
	return [
		{ id: "name", name: t("login.name"), width: "28%", render: (p) => <b>{p.name}</b> },
		{
			id: "roles", name: t("users.roles"), width: "32%",
			render: (p) => p.roles.map((r) => named("role", r)).join(", "),
		},
		{
			id: "state", name: t("onboarding.state"), width: "150px",
			render: (p) => p.disabled
				? <PlainTag>{t("users.disabled")}</PlainTag>
				: <PlainTag tone="good">{t("users.active")}</PlainTag>,
		},
		{
			id: "made", name: t("alert.created"), width: "160px", extra: "medium",
			render: (p) => <Time value={p.createdTime} precision="minute" />,
		},
		{
			id: "edit", name: t("table.actions"), hidden: true, width: "120px", align: "end",
			render: (p) => (
				<Button size="small" appearance="subtle" icon={<Edit20Regular />} onClick={() => edit(p)}>{t("action.edit")}</Button>
			),
		},
	];
}

export function Users() {
	const texts = useTexts();
	const { t } = texts;
	const { data, error, loading, reload } = useResource<{ value: Person[] }>(USERS);
	const [editing, setEditing] = useState<Person | "new" | null>(null);
	const close = () => setEditing(null);
	const rows = data?.value ?? [];
	return (
		<Section
			title={t("settings.users")} pad={false}
			actions={
				<Button appearance="primary" icon={<PersonAdd20Regular />} onClick={() => setEditing("new")}>{t("users.new")}</Button>
			}
		>
			{!!error && <div className={css["pad"]}><ErrorBar error={error} retry={reload} /></div>}
			{!data && loading && <Lines rows={3} />}
			{rows.length > 0 && (
				<Table
					label={t("settings.users")} columns={columns(texts, setEditing)} rows={rows}
					idOf={(p) => p.id} nameOf={(p) => p.name}
				/>
			)}
			<Dialog open={editing !== null} onOpenChange={(_, d) => !d.open && close()}>
				<DialogSurface>
					{editing !== null && (
						<Editor person={editing === "new" ? null : editing} close={close} reload={reload} />
					)}
				</DialogSurface>
			</Dialog>
		</Section>
	);
}
