// SPDX-License-Identifier: Apache-2.0
/*
 * story.tsx - how it came to the alert: the steps in order of time, what matched stands out
 */
import { Circle12Filled, Flag16Filled } from "@fluentui/react-icons";

import type { StoryStep } from "@/api/types";
import { EntityLink } from "@/parts/entity-link";
import { Time } from "@/parts/time";
import { useTexts } from "@/text/text";

import css from "./story.module.css";

function Step({ step }: { step: StoryStep }) {
	const { t, named } = useTexts();
	const { process } = step;
	const target = step.remote ?? step.file;
	return (
		<li className={step.matched ? css["matched"] : ""}>
			<span className={css["dot"]} aria-hidden="true">
				{step.matched ? <Flag16Filled /> : <Circle12Filled />}
			</span>
			<div className={css["when"]}><Time value={step.time} precision="milli" /></div>
			<div className={css["what"]}>
				<div>
					{step.actionType && <span className="muted">{named("action", step.actionType)} </span>}
					<b>{process?.fileName || "?"}</b>
					{process?.processId !== undefined && <span className="muted number"> {process.processId}</span>}
					{process?.accountName && <> · <EntityLink entity={{ kind: "user", value: process.accountName }} /></>}
					{step.matched && <span className="unseen">. {t("story.matched")}</span>}
				</div>
				{process?.commandLine && <code className="mono wrap">{process.commandLine}</code>}
				{target && <code className="mono wrap">→ {target}</code>}
			</div>
		</li>
	);
}

export function Story({ steps }: { steps: StoryStep[] }) {
	return <ol className={css["story"]}>{steps.map((step, i) => <Step key={i} step={step} />)}</ol>;
}
