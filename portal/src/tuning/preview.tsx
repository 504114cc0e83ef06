// SPDX-License-Identifier: Apache-2.0
/* preview.tsx - what an exception would have silenced, asked while one still chooses */
import { useEffect, useState } from "react";

import { previewException, type Preview, type Scope } from "@/api/tuning";
import { SeverityBadge } from "@/parts/badges";
import { ErrorBar } from "@/parts/states";
import { Time } from "@/parts/time";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./tuning.module.css";

const SHOWN = 5;
const PAUSE_MS = 350;

export function ExceptionPreview({ scope }: { scope: Scope }) {
	const { t } = useTexts();
	const [found, setFound] = useState<Preview | null>(null);
	const [error, setError] = useState<unknown>(null);
	const key = JSON.stringify(scope);
	useEffect(() => {
		const controller = new AbortController();
		const timer = setTimeout(() => {
			previewException(JSON.parse(key) as Scope, controller.signal).then(
				(answer) => {
					setFound(answer);
					setError(null);
				},
				(e: unknown) => {
					if (!controller.signal.aborted) setError(e);
				},
			);
		}, PAUSE_MS);
		return () => {
			clearTimeout(timer);
			controller.abort();
		};
	}, [key]);
	if (error) return <ErrorBar error={error} />;
	return (
		<section className={css["preview"]} aria-label={t("tuning.preview")} aria-live="polite">
			{!found && <p>{t("state.loading")}</p>}
			{found && (
				<>
					<p>
						<b>{t("tuning.silenced", { n: found.alertCount, days: found.days })}</b>{" "}
						{t("tuning.lookedAt", { n: found.lookedAt })}{" "}
						{found.partlyCount > 0 && t("tuning.partly", { n: found.partlyCount })}
					</p>
					{found.limited && <p className="muted">{t("tuning.limited")}</p>}
					<ul>
						{found.alerts.slice(0, SHOWN).map((a) => (
							<li key={a.id}>
								<SeverityBadge value={a.severity} />
								<span className="grow clip"><Link to={`/alerts/${a.id}`}>{a.title}</Link></span>
								<span className="muted clip">{a.computerDnsName ?? a.machineId}</span>
								<Time value={a.firstEventTime} precision="minute" />
							</li>
						))}
					</ul>
				</>
			)}
		</section>
	);
}
