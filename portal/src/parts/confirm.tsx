// SPDX-License-Identifier: Apache-2.0
/* confirm.tsx - before something that cannot be taken back */
import {
	Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, DialogTrigger,
} from "@fluentui/react-components";
import { useState, type ReactElement } from "react";

import { ErrorBar } from "@/parts/states";
import { useTexts } from "@/text/text";

export function Confirm({ trigger, title, text, action, run }: {
	trigger: ReactElement;
	title: string;
	text: string;
	action: string;
	run(): Promise<void>;
}) {
	const { t } = useTexts();
	const [open, setOpen] = useState(false);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const go = async () => {
		setBusy(true);
		setError(null);
		try {
			await run();
			setOpen(false);
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	return (
		<Dialog open={open} modalType="alert" onOpenChange={(_, data) => setOpen(data.open)}>
			<DialogTrigger disableButtonEnhancement>{trigger}</DialogTrigger>
			<DialogSurface style={{ maxWidth: 440 }}>
				<DialogBody>
					<DialogTitle>{title}</DialogTitle>
					<DialogContent><ErrorBar error={error} />{text}</DialogContent>
					<DialogActions>
						<Button appearance="primary" disabledFocusable={busy} onClick={() => void go()}>{action}</Button>
						<DialogTrigger disableButtonEnhancement>
							<Button>{t("action.cancel")}</Button>
						</DialogTrigger>
					</DialogActions>
				</DialogBody>
			</DialogSurface>
		</Dialog>
	);
}
