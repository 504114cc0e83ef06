// SPDX-License-Identifier: Apache-2.0
/* rule-actions.tsx - a Sigma rule's state, and what may be done about it: off, on, lowered */
import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { MoreHorizontal20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { changeRule, type SigmaRule } from "@/api/tuning";
import { SEVERITIES } from "@/api/types";
import { PlainTag } from "@/parts/badges";
import { ErrorBar } from "@/parts/states";
import { useTexts } from "@/text/text";

const TONES: Record<string, string> = { running: "good", noDataSource: "medium", error: "high" };

export function RuleState({ state, reason }: { state: string; reason?: string | null }) {
	const { named } = useTexts();
	return (
		<span title={reason ?? undefined}>
			<PlainTag tone={TONES[state] ?? "info"}>{named("ruleState", state)}</PlainTag>
		</span>
	);
}

/** Severities below its own; the list begins with the worst. */
const lower = (rule: SigmaRule) => SEVERITIES.slice(SEVERITIES.findIndex((s) => s === rule.ruleSeverity) + 1);

export function RuleActions({ rule, reload }: { rule: SigmaRule; reload(): void }) {
	const { t, named } = useTexts();
	const [error, setError] = useState<unknown>(null);
	const apply = (change: Parameters<typeof changeRule>[1]) => {
		setError(null);
		changeRule(rule.id, change).then(reload, setError);
	};
	const off = rule.state === "switchedOff";
	return (
		<>
			<ErrorBar error={error} />
			<Menu>
				<MenuTrigger disableButtonEnhancement>
					<MenuButton
						appearance="subtle" size="small" icon={<MoreHorizontal20Regular />} menuIcon={null}
						aria-label={t("rules.actionsOf", { title: rule.title })}
					/>
				</MenuTrigger>
				<MenuPopover>
					<MenuList>
						<MenuItem onClick={() => apply({ enabled: off })}>
							{off ? t("detections.switchOn") : t("detections.switchOff")}
						</MenuItem>
						{lower(rule).filter((s) => s !== rule.severity).map((s) => (
							<MenuItem key={s} onClick={() => apply({ severity: s })}>
								{t("rules.lowerTo", { severity: named("severity", s) })}
							</MenuItem>
						))}
						{rule.severity !== rule.ruleSeverity && (
							<MenuItem onClick={() => apply({ severity: null })}>
								{t("rules.restore", { severity: named("severity", rule.ruleSeverity) })}
							</MenuItem>
						)}
					</MenuList>
				</MenuPopover>
			</Menu>
		</>
	);
}
