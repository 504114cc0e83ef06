// SPDX-License-Identifier: Apache-2.0
/*
 * coverage.ts - rules by ATT&CK tactic and technique
 *
 * Rules name their tactics and techniques side by side, not which belongs to which: a technique
 * stands in the column of every tactic that a rule with it names.
 */

export const SOURCES = ["shipped", "own", "custom"] as const;
export type Source = (typeof SOURCES)[number];

export interface CoverageRule {
	id: string;
	title: string;
	source: Source;
	severity: string;
	enabled: boolean;
	tactics: string[];
	techniques: string[];
}

/** In the order of an attack, as texts name them. */
export const TACTICS = [
	"Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence", "PrivilegeEscalation",
	"DefenseEvasion", "CredentialAccess", "Discovery", "LateralMovement", "Collection", "CommandAndControl",
	"Exfiltration", "Impact",
] as const;

const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const BY_PLAIN = new Map<string, string>(TACTICS.map((tactic) => [plain(tactic), tactic]));

/** "credential-access", "credential_access" and "CredentialAccess" are one; others are kept as they are. */
export const tacticOf = (text: string) => BY_PLAIN.get(plain(text)) ?? text;

/** Of a sub-technique the technique. */
export const parentOf = (technique: string) => technique.split(".", 1)[0] ?? technique;

export interface Cell {
	technique: string;
	rules: CoverageRule[];
}

export interface TacticColumn {
	tactic: string;
	rules: number;
	cells: Cell[];
}

export function matrixOf(rules: readonly CoverageRule[]): TacticColumn[] {
	const columns = new Map<string, Map<string, CoverageRule[]>>(TACTICS.map((tactic) => [tactic, new Map()]));
	for (const rule of rules) {
		for (const tactic of new Set(rule.tactics.map(tacticOf))) {
			const cells = columns.get(tactic) ?? new Map<string, CoverageRule[]>();
			columns.set(tactic, cells);
			for (const technique of new Set(rule.techniques.map(parentOf)))
				cells.set(technique, [...(cells.get(technique) ?? []), rule]);
		}
	}
	return [...columns].map(([tactic, cells]) => ({
		tactic,
		rules: new Set([...cells.values()].flat()).size,
		cells: [...cells].map(([technique, of]) => ({ technique, rules: of }))
			.sort((a, b) => a.technique.localeCompare(b.technique)),
	})).filter(({ cells }) => cells.length > 0);
}
