// SPDX-License-Identifier: Apache-2.0
/*
 * badges.tsx - severity, status, health and risk: always a word, the colour only helps
 */
import {
	CheckmarkCircle16Regular, Circle16Regular, CircleHalfFill16Regular,
} from "@fluentui/react-icons";

import { useTexts } from "@/text/text";

import css from "./badges.module.css";

const TONES: Record<string, string> = {
	High: "high", Medium: "medium", Low: "low", Informational: "info", None: "good",
	Active: "good", Inactive: "info", ImpairedCommunication: "medium", NoSensorData: "medium",
	NoSensorDataImpairedCommunication: "high", Unknown: "info", Misconfigured: "medium",
};

function Tag({ tone, children }: { tone: string | undefined; children: string }) {
	return <span className={`${css["tag"]} ${css[tone ?? "info"]}`}>{children}</span>;
}

/** Severity with its strength as filled steps. */
export function SeverityBadge({ value }: { value: string }) {
	const { named } = useTexts();
	const steps = { High: 3, Medium: 2, Low: 1 }[value] ?? 0;
	return (
		<span className={`${css["tag"]} ${css[TONES[value] ?? "info"]}`}>
			<svg className={css["steps"]} viewBox="0 0 14 12" aria-hidden="true">
				{[0, 1, 2].map((i) => (
					<rect
						key={i} x={i * 5} y={8 - i * 4} width="3.5" height={4 + i * 4} rx="1"
						opacity={i < steps ? 1 : 0.28}
					/>
				))}
			</svg>
			{named("severity", value)}
		</span>
	);
}

export function StatusText({ value }: { value: string }) {
	const { named } = useTexts();
	const done = value === "Resolved";
	const Icon = done
		? CheckmarkCircle16Regular
		: value === "InProgress" ? CircleHalfFill16Regular : Circle16Regular;
	return (
		<span className={`${css["status"]} ${done ? css["done"] : value === "InProgress" ? css["doing"] : ""}`}>
			<Icon aria-hidden="true" />
			{named("status", value)}
		</span>
	);
}

export function HealthBadge({ value }: { value: string }) {
	const { named } = useTexts();
	return <Tag tone={TONES[value]}>{named("health", value)}</Tag>;
}

export function RiskBadge({ value }: { value: string }) {
	const { named } = useTexts();
	if (value === "None") return <span className="muted">{named("risk", value)}</span>;
	return <Tag tone={TONES[value]}>{named("risk", value)}</Tag>;
}

export function OutcomeBadge({ value }: { value: string }) {
	const { named } = useTexts();
	const tone = { Success: "good", Denied: "high", Failed: "medium" }[value];
	return <Tag tone={tone}>{named("outcome", value)}</Tag>;
}

export function PlainTag({ children, tone }: { children: string; tone?: string }) {
	return <Tag tone={tone}>{children}</Tag>;
}
