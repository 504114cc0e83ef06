// SPDX-License-Identifier: Apache-2.0
/* entity-link.tsx - a file, an address, a domain or a user as a link to its page */
import type { ReactNode } from "react";

import { entityOfColumn, pageOf, type EntityRef } from "@/api/entities";
import { Link } from "@/router";
import { useSession } from "@/session";

/** Plain where there is no entity, or its page is not for this person. */
export function EntityLink({ entity, children, className }: {
	entity: EntityRef | null;
	children?: ReactNode;
	className?: string;
}) {
	const { may } = useSession();
	const shown = children ?? entity?.value;
	if (!entity || !may("EVENT_READ")) return <span className={className}>{shown}</span>;
	return <Link to={pageOf(entity)} className={`link ${className ?? ""}`} title={entity.value}>{shown}</Link>;
}

/** What an event's column says, with a link where that is an entity. */
export function ColumnLink({ column, value, className }: { column: string; value: string; className?: string }) {
	return <EntityLink entity={entityOfColumn(column, value)} {...(className ? { className } : {})}>{value}</EntityLink>;
}
