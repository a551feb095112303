import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import { auditOutcomes } from "@wheelhouse/shared/audit-filter.ts";
import { auditActions } from "@wheelhouse/shared/endpoint.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { rangeName } from "#lib/time-range.ts";
import { FilterBar } from "#ui/filter-bar.tsx";
import type { FilterKey } from "#ui/filter-tokens.ts";
import { outcomeWords } from "./audit-filter.ts";
import type { AuditSearch } from "./audit-search.ts";
import { readAuditTokens } from "./audit-tokens.ts";

/** Known values by id, each with the name it was last seen under. */
const named = (entries: { id: string | null; name: string }[]) => {
  const found = new Map<string, string>();
  for (const { id, name } of entries) if (!found.has(id ?? name)) found.set(id ?? name, name);
  return [...found].map(([value, label]) => ({ value, label }));
};

/** Filter bar of the trail; the shown `events` give the actors and targets that can be offered. */
export const AuditFilterBar = (props: {
  address: PageAddress<AuditSearch>;
  events: readonly AuditEvent[];
  nowMs: number;
}) => {
  const { address, events, nowMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const keys: FilterKey[] = [
    { key: "actor", values: named(events.map(({ actor }) => ({ id: actor.id, name: actor.display }))) },
    { key: "action", values: auditActions.map((value) => ({ value })) },
    { key: "target", values: named(events.flatMap(({ targets }) => targets)) },
    { key: "outcome", values: auditOutcomes.map((value) => ({ value, label: outcomeWords[value] })) },
    { key: "time" },
  ];
  const token = (key: string, value: string | undefined) => (value === undefined ? [] : [{ key, value }]);
  const hasRange = search.from !== undefined || search.to !== undefined;
  return (
    <FilterBar
      label="Filter events"
      keys={keys}
      filter={{
        tokens: [
          ...token("actor", search.actor?.join(",")),
          ...token("action", search.action?.join(",")),
          ...token("target", search.target),
          ...token("outcome", search.outcome?.join(",")),
          ...token("time", hasRange ? rangeName(search, nowMs, zone) : undefined),
        ],
        text: search.q ?? "",
      }}
      onChange={(filter) => address.go(readAuditTokens(filter, search, { nowMs, zone }))}
    />
  );
};
