// SPDX-License-Identifier: Apache-2.0
/*
 * copy.tsx - a text to copy: a command, a hash, a secret
 */
import { Button, Tooltip } from "@fluentui/react-components";
import { Checkmark20Regular, Copy20Regular } from "@fluentui/react-icons";
import { useEffect, useState } from "react";

import { useTexts } from "@/text/text";

import css from "./copy.module.css";

async function copyText(text: string) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return false;
	}
}

export function CopyButton({ text, label, size = "small" }: {
	text: string;
	label: string;
	size?: "small" | "medium";
}) {
	const { t } = useTexts();
	const [done, setDone] = useState<boolean | null>(null);
	useEffect(() => {
		if (done === null) return;
		const timer = setTimeout(() => setDone(null), 2000);
		return () => clearTimeout(timer);
	}, [done]);
	const says = done === null ? label : done ? t("copy.done") : t("copy.failed");
	return (
		<>
			<Tooltip content={says} relationship="label">
				<Button
					appearance="subtle"
					size={size}
					icon={done ? <Checkmark20Regular /> : <Copy20Regular />}
					onClick={() => void copyText(text).then(setDone)}
				/>
			</Tooltip>
			<span className="unseen" role="status">{done === null ? "" : says}</span>
		</>
	);
}

/** A block of code with its button. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
	return (
		<div className={css["block"]}>
			<pre className="mono" tabIndex={0} aria-label={label}>{text}</pre>
			<CopyButton text={text} label={label} size="medium" />
		</div>
	);
}
