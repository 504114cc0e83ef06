// SPDX-License-Identifier: Apache-2.0
/*
 * techniques.tsx - ATT&CK techniques by id and name, each a link to its description
 *
 * Names of the techniques that concern servers; one that is not here is shown by its id. Of a
 * sub-technique both names are shown.
 */
import { Open12Regular } from "@fluentui/react-icons";

import { useTexts } from "@/text/text";

import css from "./techniques.module.css";
import { TECHNIQUES } from "./technique-names";

export function techniqueName(id: string): string {
	const [parent = "", sub] = id.split(".", 2);
	const names = [TECHNIQUES[parent], sub ? TECHNIQUES[id] : undefined];
	return names.filter(Boolean).join(": ");
}

export function Techniques({ ids }: { ids: string[] }) {
	const { t } = useTexts();
	if (ids.length === 0) return null;
	return (
		<ul className={css["list"]} aria-label={t("alert.techniques")}>
			{ids.map((id) => (
				<li key={id}>
					<a
						className={`link ${css["technique"]}`}
						href={`https://attack.mitre.org/techniques/${id.replace(".", "/")}/`}
						target="_blank"
						rel="noreferrer"
					>
						<span className={`mono ${css["id"]}`}>{id}</span>
						{techniqueName(id)}
						<Open12Regular aria-label={t("link.newTab")} />
					</a>
				</li>
			))}
		</ul>
	);
}
