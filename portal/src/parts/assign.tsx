// SPDX-License-Identifier: Apache-2.0
/*
 * assign.tsx - to whom: oneself by default, anybody by name
 */
import {
	Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input,
} from "@fluentui/react-components";
import { useEffect, useState } from "react";

import { useSession } from "@/session";
import { useTexts } from "@/text/text";

export function AssignDialog({ open, close, assign }: {
	open: boolean;
	close(): void;
	assign(name: string): void;
}) {
	const { t } = useTexts();
	const { session } = useSession();
	const own = session?.user.name ?? "";
	const [name, setName] = useState(own);
	useEffect(() => {
		if (open) setName(own);
	}, [open, own]);
	return (
		<Dialog open={open} onOpenChange={(_, data) => !data.open && close()}>
			<DialogSurface style={{ maxWidth: 420 }}>
				<form
					onSubmit={(event) => {
						event.preventDefault();
						assign(name.trim());
						close();
					}}
				>
					<DialogBody>
						<DialogTitle>{t("alerts.assign")}</DialogTitle>
						<DialogContent>
							<Field label={t("alert.assignedTo")} hint={t("assign.hint")}>
								<Input value={name} onChange={(_, data) => setName(data.value)} autoFocus />
							</Field>
						</DialogContent>
						<DialogActions>
							<Button type="submit" appearance="primary">{t("action.save")}</Button>
							<Button onClick={close}>{t("action.cancel")}</Button>
						</DialogActions>
					</DialogBody>
				</form>
			</DialogSurface>
		</Dialog>
	);
}
