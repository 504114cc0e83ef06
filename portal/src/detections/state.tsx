// SPDX-License-Identifier: Apache-2.0
/* state.tsx - whether a rule watches, and how its runs end: a word, the colour only helps */
import { CheckmarkCircle16Regular, ErrorCircle16Regular, Warning16Regular } from "@fluentui/react-icons";
import type { ReactNode } from "react";

import type { DetectionRule, Run } from "@/api/detections";
import { PlainTag } from "@/parts/badges";
import { useTexts } from "@/text/text";

import css from "./detections.module.css";

export function StateTag({ rule }: { rule: DetectionRule }) {
	const { t } = useTexts();
	if (!rule.isEnabled) return <PlainTag>{t("detections.off")}</PlainTag>;
	if (rule.lastRunDetails.status === "failed") return <PlainTag tone="high">{t("detections.failing")}</PlainTag>;
	return <PlainTag tone="good">{t("detections.on")}</PlainTag>;
}

export function RunState({ status, children }: { status: Run["status"] | null; children?: ReactNode }) {
	const { named } = useTexts();
	const [Icon, tone] = status === "failed"
		? [ErrorCircle16Regular, css["bad"]]
		: status === "partiallyFailed" ? [Warning16Regular, css["partly"]] : [CheckmarkCircle16Regular, css["good"]];
	return (
		<span className={css["runState"]} title={named("run", status)}>
			<Icon className={tone ?? ""} aria-hidden="true" />
			{children ? <><span className="unseen">{named("run", status)}</span>{children}</> : named("run", status)}
		</span>
	);
}
