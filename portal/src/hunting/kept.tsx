// SPDX-License-Identifier: Apache-2.0
/* kept.tsx - the list of kept queries, and the dialogs that keep and share one */
import {
	Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input,
	Switch, Textarea,
} from "@fluentui/react-components";
import { useCallback, useEffect, useState } from "react";

import { changeQuery, createQuery, linkOf, listQueries, type KeptQuery, type KeptQueryText } from "@/api/hunting";
import { CopyBlock } from "@/parts/copy";
import { ErrorBar } from "@/parts/states";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import css from "./dialogs.module.css";

export interface KeptQueries {
	list: KeptQuery[] | null;
	error: unknown;
	reload(): void;
}

export function useKeptQueries(): KeptQueries {
	const [list, setList] = useState<KeptQuery[] | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [round, setRound] = useState(0);
	useEffect(() => {
		const controller = new AbortController();
		listQueries(controller.signal).then(
			(found) => {
				setList(found);
				setError(null);
			},
			(e: unknown) => {
				if (!controller.signal.aborted) setError(e);
			});
		return () => controller.abort();
	}, [round]);
	return { list, error, reload: useCallback(() => setRound((n) => n + 1), []) };
}

export function SaveDialog({ name: first, text, close, saved }: {
	name: string;
	text: string;
	close(): void;
	saved(query: KeptQueryText): void;
}) {
	const { t } = useTexts();
	const { may } = useSession();
	const [name, setName] = useState(first);
	const [description, setDescription] = useState("");
	const [shared, setShared] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const ready = name.trim() !== "" && !busy;
	const submit = async () => {
		setBusy(true);
		setError(null);
		try {
			saved(await createQuery({ name: name.trim(), description: description.trim(), query: text, shared }));
		} catch (e) {
			setError(e);
			setBusy(false);
		}
	};
	return (
		<Dialog open onOpenChange={(_, data) => !data.open && close()}>
			<DialogSurface style={{ maxWidth: 480 }}>
				<form
					onSubmit={(event) => {
						event.preventDefault();
						if (ready) void submit();
					}}
				>
					<DialogBody>
						<DialogTitle>{t("hunting.save.title")}</DialogTitle>
						<DialogContent>
							<div className={css["fields"]}>
								<ErrorBar error={error} />
								<Field label={t("hunting.save.name")} required>
									<Input value={name} maxLength={100} autoFocus onChange={(_, d) => setName(d.value)} />
								</Field>
								<Field label={t("hunting.save.description")}>
									<Textarea value={description} maxLength={1000} rows={3} onChange={(_, d) => setDescription(d.value)} />
								</Field>
								{may("HUNT_SHARE") && (
									<Checkbox label={t("hunting.share.everyone")} checked={shared} onChange={(_, d) => setShared(d.checked === true)} />
								)}
							</div>
						</DialogContent>
						<DialogActions>
							<Button type="submit" appearance="primary" disabledFocusable={!ready}>{t("action.save")}</Button>
							<Button onClick={close}>{t("action.cancel")}</Button>
						</DialogActions>
					</DialogBody>
				</form>
			</DialogSurface>
		</Dialog>
	);
}

export function ShareDialog({ query, close, changed }: { query: KeptQuery; close(): void; changed(): void }) {
	const { t } = useTexts();
	const { may } = useSession();
	const [shared, setShared] = useState(query.shared);
	const [error, setError] = useState<unknown>(null);
	const share = async (wanted: boolean) => {
		setError(null);
		try {
			setShared((await changeQuery(query.id, { shared: wanted })).shared);
			changed();
		} catch (e) {
			setError(e);
		}
	};
	return (
		<Dialog open onOpenChange={(_, data) => !data.open && close()}>
			<DialogSurface style={{ maxWidth: 520 }}>
				<DialogBody>
					<DialogTitle>{t("hunting.share.title", { name: query.name })}</DialogTitle>
					<DialogContent>
						<div className={css["fields"]}>
							<ErrorBar error={error} />
							<Switch
								label={t("hunting.share.everyone")} checked={shared} disabled={!may("HUNT_SHARE")}
								onChange={(_, d) => void share(d.checked)}
							/>
							<Field label={t("hunting.share.link")} hint={t(shared ? "hunting.share.open" : "hunting.share.closed")}>
								<CopyBlock text={linkOf(query.id)} label={t("hunting.share.link")} />
							</Field>
						</div>
					</DialogContent>
					<DialogActions>
						<Button appearance="primary" onClick={close}>{t("action.done")}</Button>
					</DialogActions>
				</DialogBody>
			</DialogSurface>
		</Dialog>
	);
}
