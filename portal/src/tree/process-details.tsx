// SPDX-License-Identifier: Apache-2.0
/* process-details.tsx - everything known of one process of the tree */
import { CopyButton } from "@/parts/copy";
import { ColumnLink } from "@/parts/entity-link";
import { Facts } from "@/parts/page";
import { Time } from "@/parts/time";
import type { ProcessNode } from "@/api/types";
import { Link } from "@/router";
import { useTexts } from "@/text/text";
import { aroundLink } from "@/timeline/around";

import css from "./tree.module.css";

export function ProcessDetails({ machineId, node }: { machineId: string; node: ProcessNode }) {
	const { t } = useTexts();
	return (
		<aside className={css["details"]} aria-label={t("tree.details", { name: node.fileName })}>
			<div className={css["head"]}>
				<h3 className="wrap">{node.fileName || "?"}</h3>
				<Link to={aroundLink(machineId, node.startTime ?? node.endTime)}>{t("tree.timeline")}</Link>
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
					{ name: t("process.user"), value: node.accountName && <ColumnLink column="AccountName" value={node.accountName} /> },
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
								<ColumnLink column="SHA256" value={node.sha256} className="mono wrap" />
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
