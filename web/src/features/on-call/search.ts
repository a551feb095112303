export const onCallTabs = ["channels", "mine", "log"] as const;

/** `tab`: which part is shown, the rota without one; `team`: id of the team whose rota is shown. */
export type OnCallSearch = { tab?: (typeof onCallTabs)[number] | undefined; team?: string | undefined };
