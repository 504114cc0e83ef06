// SPDX-License-Identifier: Apache-2.0
/*
 * page.tsx - the head of every page: title, where one is, what one can do
 *
 * A new page moves the focus to its title, so that a screen reader tells where one came.
 */
import { ChevronLeft12Regular } from "@fluentui/react-icons";
import { useEffect, useRef, type CSSProperties, type ReactNode } from "react";

import { Link } from "@/router";
import { useTexts } from "@/text/text";

import css from "./page.module.css";

export interface Crumb {
	text: string;
	to: string;
}

export function Page({ title, crumbs = [], subtitle, actions, children, fill = false }: {
	title: string;
	crumbs?: Crumb[];
	subtitle?: ReactNode;
	actions?: ReactNode;
	children: ReactNode;
	/** The page takes the window's height and scrolls inside. */
	fill?: boolean;
}) {
	const { t } = useTexts();
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${title} – Vakt`;
	}, [title]);
	useEffect(() => {
		heading.current?.focus({ preventScroll: true });
	}, []);
	return (
		<div className={`${css["page"]} ${fill ? css["fill"] : ""}`}>
			{crumbs.length > 0 && (
				<nav aria-label={t("nav.crumbs")} className={css["crumbs"]}>
					{crumbs.map((crumb) => (
						<span key={crumb.to}>
							<ChevronLeft12Regular aria-hidden="true" />
							<Link to={crumb.to}>{crumb.text}</Link>
						</span>
					))}
				</nav>
			)}
			<header className={css["head"]}>
				<div className={css["titles"]}>
					<h1 ref={heading} tabIndex={-1}>{title}</h1>
					{subtitle && <div className={css["subtitle"]}>{subtitle}</div>}
				</div>
				{actions && <div className={css["actions"]}>{actions}</div>}
			</header>
			{children}
		</div>
	);
}

/** A titled card. */
export function Section({ title, actions, children, pad = true, className = "" }: {
	title: string;
	actions?: ReactNode;
	children: ReactNode;
	pad?: boolean;
	className?: string;
}) {
	return (
		<section className={`card ${css["section"]} ${className}`} aria-label={title}>
			<div className={css["sectionHead"]}>
				<h2>{title}</h2>
				{actions}
			</div>
			<div className={pad ? css["body"] : css["bare"]}>{children}</div>
		</section>
	);
}

export interface Fact {
	name: string;
	value: ReactNode;
}

export function Facts({ facts, columns, className = "" }: {
	facts: (Fact | null | false)[];
	columns?: number;
	className?: string;
}) {
	const style = columns ? ({ "--columns": columns } as CSSProperties) : undefined;
	return (
		<dl className={`${css["facts"]} ${className}`} style={style}>
			{facts.filter((fact): fact is Fact => !!fact).map((fact) => (
				<div key={fact.name}>
					<dt>{fact.name}</dt>
					<dd className="wrap">{fact.value || <span className="muted">–</span>}</dd>
				</div>
			))}
		</dl>
	);
}
