// SPDX-License-Identifier: Apache-2.0
/*
 * session.tsx - who is logged in, and what they may do
 *
 * When the session ends on its own the page behind stays in the address bar: after the log-in the
 * person is where they were.
 */
import {
	createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode,
} from "react";

import { request, setCsrfToken, setExpiredListener } from "@/api/http";
import type { Session } from "@/api/types";

type Stage = "loading" | "out" | "expired" | "in" | "unreachable";

interface SessionValue {
	stage: Stage;
	session: Session | null;
	login(userName: string, password: string): Promise<void>;
	logout(): Promise<void>;
	reload(): Promise<void>;
	/** True where the server names no permissions: it refuses by itself what is not allowed. */
	may(permission: string): boolean;
}

const SessionContext = createContext<SessionValue | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
	const [stage, setStage] = useState<Stage>("loading");
	const [session, setSession] = useState<Session | null>(null);

	const take = useCallback((found: Session) => {
		setCsrfToken(found.csrfToken);
		setSession(found);
		setStage("in");
	}, []);

	const reload = useCallback(async () => {
		try {
			take(await request<Session>("GET", "/portal/api/session", { keepSession: true }));
		} catch (error) {
			const refused = (error as { status?: number }).status === 401;
			setSession(null);
			setStage(refused ? "out" : "unreachable");
		}
	}, [take]);

	useEffect(() => {
		setExpiredListener(() => {
			setSession(null);
			setStage((old) => (old === "in" ? "expired" : old));
		});
		void reload();
	}, [reload]);

	const login = useCallback(
		async (userName: string, password: string) => {
			const body = { userName, password };
			take(await request<Session>("POST", "/portal/api/login", { body, keepSession: true }));
			// The answer of the log-in may be the shorter one.
			await reload();
		},
		[reload, take],
	);

	const logout = useCallback(async () => {
		try {
			await request<void>("POST", "/portal/api/logout", { keepSession: true });
		} finally {
			setCsrfToken("");
			setSession(null);
			setStage("out");
		}
	}, []);

	const value = useMemo<SessionValue>(
		() => ({
			stage,
			session,
			login,
			logout,
			reload,
			may: (permission) => session?.permissions?.includes(permission) ?? true,
		}),
		[stage, session, login, logout, reload],
	);
	return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

export function useSession(): SessionValue {
	const value = useContext(SessionContext);
	if (!value) throw new Error("outside of SessionProvider");
	return value;
}
