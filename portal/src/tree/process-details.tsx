// SPDX-License-Identifier: Apache-2.0
/* process-details.tsx - everything known of one process of the tree */
import { CopyButton } from "@/parts/copy";
import { Facts } from "@/parts/page";
import { Time } from "@/parts/time";
import type { ProcessNode } from "@/api/types";
import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./tree.module.css";

const AROUND_MS = 5 * 60 * 1000;

function timelineLink(machineId: string, node: ProcessNode) {
	const at = node.startTime ?? node.endTime;
	if (!at) return `/devices/${machineId}/timeline`;
	const middle = new Date(at).getTime();
	const query = new URLSearchParams({
		from: new Date(middle - AROUND_MS).toISOString(),
		to: new Date(middle + AROUND_MS).toISOString(),
	});
	return `/devices/${machineId}/timeline?${query.toString()}`;
}

export function ProcessDetails({ machineId, node }: { machineId: string; node: ProcessNode }) {
	const { t } = useTexts();
	return (
		<aside className={css["details"]} aria-label={t("tree.details", { name: node.fileName })}>
			<div className={css["head"]}>
				<h3 className="wrap">{node.fileName || "?"}</h3>
				<Link to={timelineLink(machineId, node)}>{t("tree.timeline")}</Link>
			</div>
			<div className={css["command"]}>
				<code className="mono wrap">{node.commandLine || "–"}</code>
				{node.commandLine && <CopyButton text={node.commandLine} label={t("copy.command")} />}
			</div>
			<Facts
				className={css["facts"] ?? ""}
				facts={[
					{ name: t("process.path"), value: <span className="mono">{node.folderPath}</span> },
					{ name: t("process.id"), value: <span className="number">{node.processId}</span> },
					{ name: t("process.user"), value: node.accountName },
					{ name: t("process.start"), value: <Time value={node.startTime} precision="milli" /> },
					{
						name: t("process.end"),
						value: node.endTime
							? <Time value={node.endTime} precision="milli" />
							: node.startTime && t("process.running"),
					},
					!!node.sha256 && {
						name: "SHA-256",
						value: (
							<span className={css["hash"]}>
								<span className="mono wrap">{node.sha256}</span>
								<CopyButton text={node.sha256} label={t("copy.hash")} />
							</span>
						),
					},
					node.alertIds.length > 0 && {
						name: t("nav.alerts"),
						value: node.alertIds.map((id) => (
							<div key={id} className="clip"><Link to={`/alerts/${id}`}>{id}</Link></div>
						)),
					},
				]}
			/>
		</aside>
	);
}
