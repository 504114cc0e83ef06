// SPDX-License-Identifier: Apache-2.0
/*
 * states.tsx - what stands where data is not: not yet, none, or an error with a way on
 */
import {
	Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle,
} from "@fluentui/react-components";
import type { ReactNode } from "react";

import { ApiError } from "@/api/http";
import { useTexts, type Texts } from "@/text/text";

import css from "./states.module.css";

/** Why something failed, in the person's language where we know the case. */
export function reasonOf(error: unknown, { t }: Texts): string {
	if (!(error instanceof ApiError)) return t("error.unexpected");
	if (error.code === "Network") return t("error.network");
	if (error.status === 403) return t("error.forbidden");
	if (error.status === 404) return t("error.missing");
	if (error.status === 429) return t("error.busy", { seconds: error.retryAfter ?? 60 });
	return error.message || t("error.unexpected");
}

export function ErrorBar({ error, retry }: { error: unknown; retry?: () => void }) {
	const texts = useTexts();
	if (!error) return null;
	return (
		<MessageBar intent="error" className={css["bar"]} role="alert">
			<MessageBarBody>
				<MessageBarTitle>{texts.t("error.title")}</MessageBarTitle>
				{reasonOf(error, texts)}
			</MessageBarBody>
			{retry && (
				<MessageBarActions>
					<Button size="small" onClick={retry}>{texts.t("action.retry")}</Button>
				</MessageBarActions>
			)}
		</MessageBar>
	);
}

export function Empty({ icon, title, children }: {
	icon?: ReactNode;
	title: string;
	children?: ReactNode;
}) {
	return (
		<div className={css["empty"]}>
			{icon && <div className={css["icon"]} aria-hidden="true">{icon}</div>}
			<p className={css["title"]}>{title}</p>
			{children && <div className={css["more"]}>{children}</div>}
		</div>
	);
}

/** Grey lines in the shape of what comes. */
export function Lines({ rows = 6, height = 40 }: { rows?: number; height?: number }) {
	const { t } = useTexts();
	return (
		<div role="status" aria-label={t("state.loading")} className={css["lines"]}>
			{Array.from({ length: rows }, (_, i) => (
				<div key={i} className={css["line"]} style={{ height }}>
					<span style={{ width: `${34 + ((i * 37) % 50)}%` }} />
				</div>
			))}
		</div>
	);
}
