// SPDX-License-Identifier: Apache-2.0
/* alert-actions.tsx - what is done to several alerts at once: a status, a person */
import { Button, Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import { PersonAdd20Regular } from "@fluentui/react-icons";
import { useState } from "react";

import { ALERT_STATUSES, type AlertChange } from "@/api/types";
import { AssignDialog } from "@/parts/assign";
import { useTexts } from "@/text/text";

export function AlertActions({ busy, primary = false, apply }: {
	busy: boolean;
	/** Whether they are what the alerts are selected for. */
	primary?: boolean;
	apply(change: AlertChange): void;
}) {
	const { t } = useTexts();
	const [assigning, setAssigning] = useState(false);
	return (
		<>
			<Menu>
				<MenuTrigger disableButtonEnhancement>
					<MenuButton appearance={primary ? "primary" : "secondary"} size="small" disabledFocusable={busy}>
						{t("alerts.setStatus")}
					</MenuButton>
				</MenuTrigger>
				<MenuPopover>
					<MenuList>
						{ALERT_STATUSES.map((status) => (
							<MenuItem key={status} onClick={() => apply({ status })}>{t(`status.${status}`)}</MenuItem>
						))}
					</MenuList>
				</MenuPopover>
			</Menu>
			<Button size="small" icon={<PersonAdd20Regular />} disabledFocusable={busy} onClick={() => setAssigning(true)}>
				{t("alerts.assign")}
			</Button>
			<AssignDialog
				open={assigning} close={() => setAssigning(false)}
				assign={(assignedTo) => apply({ assignedTo })}
			/>
		</>
	);
}
