// SPDX-License-Identifier: Apache-2.0
/* settings.tsx - API clients, users, rules, audit log: each for those who may */
import { Tab, TabList } from "@fluentui/react-components";

import { Page } from "@/parts/page";
import { Empty } from "@/parts/states";
import { navigate } from "@/router";
import { useSession } from "@/session";
import { useTexts } from "@/text/text";

import { AuditLog } from "./settings-audit";
import { ApiClients } from "./settings-clients";
import { DetectionRules } from "./settings-rules";
import { Users } from "./settings-users";
import css from "./settings.module.css";

const PARTS = [
	{ id: "clients", needs: "API_CLIENT", body: ApiClients },
	{ id: "users", needs: "USER_ADMIN", body: Users },
	{ id: "rules", needs: "RULE_READ", body: DetectionRules },
	{ id: "audit", needs: "AUDIT_READ", body: AuditLog },
] as const;

export default function SettingsPage({ part }: { part: string }) {
	const { t } = useTexts();
	const { may } = useSession();
	const parts = PARTS.filter((p) => may(p.needs));
	const shown = parts.find((p) => p.id === part) ?? parts[0];
	return (
		<Page title={t("settings.title")}>
			<TabList
				className={css["tabs"] ?? ""} selectedValue={shown?.id}
				onTabSelect={(_, { value }) => navigate(`/settings/${String(value)}`)}
			>
				{parts.map((p) => <Tab key={p.id} value={p.id}>{t(`settings.${p.id}`)}</Tab>)}
			</TabList>
			{shown ? <shown.body /> : <div className="card"><Empty title={t("error.forbidden")} /></div>}
		</Page>
	);
}
