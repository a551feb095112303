import { type Role, roles } from "@wheelhouse/shared/capabilities.ts";
import { type RawSearch, readText, readWord } from "#lib/search-params.ts";

export const accessTabs = [
  "members",
  "invitations",
  "sessions",
  "tokens",
  "organizations",
  "limits",
] as const;
export type AccessTab = (typeof accessTabs)[number];

/** Everything that the page's URL holds. */
export type AccessSearch = {
  tab?: AccessTab | undefined;
  role?: Role | undefined;
  q?: string | undefined;
  /** Member whose drawer is open. */
  member?: string | undefined;
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Drops unreadable parameters, so that an outdated or damaged link still opens the page. */
export const readAccessSearch = (raw: RawSearch): AccessSearch => {
  const member = readText(raw, "member");
  return {
    tab: readWord(raw, "tab", accessTabs),
    role: readWord(raw, "role", roles),
    q: readText(raw, "q", 100),
    member: member !== undefined && uuid.test(member) ? member : undefined,
  };
};
