import { type RawSearch, readText, readWord } from "#lib/search-params.ts";

const tabs = ["silences", "resolved", "rules", "objectives", "handover"] as const;

/** Everything that the page's URL holds. */
export type AlertsSearch = {
  tab?: (typeof tabs)[number] | undefined;
  /** Number of the incident that is shown in full. */
  incident?: number | undefined;
  /** Key of the rule that is edited; `new` for one that is not saved yet. */
  rule?: string | undefined;
};

const readNumber = (raw: RawSearch, name: string) => {
  const number = Number(readText(raw, name) ?? Number(raw[name]));
  return Number.isInteger(number) && number > 0 ? number : undefined;
};

/** Drops unreadable parameters, so that an outdated or damaged link still opens the page. */
export const readAlertsSearch = (raw: RawSearch): AlertsSearch => ({
  tab: readWord(raw, "tab", tabs),
  incident: readNumber(raw, "incident"),
  rule: readText(raw, "rule", 63),
});
