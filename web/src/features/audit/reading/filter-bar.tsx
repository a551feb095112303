import { useQuery } from "@tanstack/react-query";
import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { auditFacetKeys } from "@wheelhouse/shared/audit/explore.ts";
import { useDeferredValue, useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { rangeName } from "#lib/history/time-range.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { type FilterKey, notMark } from "#ui/filter/filter-tokens.ts";
import { outcomeWords } from "../filter.ts";
import { auditFacetsQuery } from "../queries.ts";
import type { AuditSearch } from "../search.ts";
import { slotName } from "../slots.ts";
import { readAuditTokens, tokenName } from "./tokens.ts";

type Value = { value: string; label?: string; detail?: string };

/** Known values by id, each with its most recent name. */
const named = (entries: { id: string | null; name: string }[]) => {
  const found = new Map<string, string>();
  for (const { id, name } of entries) if (!found.has(id ?? name)) found.set(id ?? name, name);
  return [...found].map(([value, label]): Value => ({ value, label }));
};

/** The key whose value is being typed, and the text so far. */
const asked = (draft: string) => {
  const [, key = "", text = ""] = /(\w+):(?:[^,\s]*,)*([^,\s]*)$/.exec(draft) ?? [];
  return { key: auditFacetKeys.find((name) => name === key.toLowerCase()), text };
};

const tokensOf = (search: AuditSearch, time: string | undefined) => {
  const token = (key: string, value: string | undefined) => {
    const isNot = search.not?.some((name) => tokenName(name) === key) === true;
    return value === undefined ? [] : [{ key: isNot ? `${notMark}${key}` : key, value }];
  };
  return [
    ...token("actor", search.actor?.join(",")),
    ...token("action", search.action?.join(",")),
    ...token("class", search.class?.join(",")),
    ...token("target", search.target),
    ...token("outcome", search.outcome?.join(",")),
    ...token("hour", search.slot?.join(",")),
    ...token("time", time),
  ];
};

type Names = Readonly<Record<string, string>>;
const withNames = (names: Names, facets: readonly { value: string; label: string }[]): Names => ({
  ...names,
  ...Object.fromEntries(facets.map(({ value, label }) => [value, label])),
});

/** Filter bar of the trail. Values are searched on the server; the listed `events` supply names for ids. */
export const AuditFilterBar = (props: {
  organization: string;
  address: PageAddress<AuditSearch>;
  events: readonly AuditEvent[];
  nowMs: number;
}) => {
  const { organization, address, events, nowMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const [draft, setDraft] = useState("");
  const { key: typedKey, text } = asked(useDeferredValue(draft));
  const facets = useQuery(auditFacetsQuery(organization, typedKey, text)).data?.items ?? [];
  const [names, setNames] = useState<Readonly<Record<string, string>>>({});
  const known = named([
    ...events.map(({ actor }) => ({ id: actor.id, name: actor.display })),
    ...events.flatMap(({ targets }) => targets),
    ...Object.entries(names).map(([id, name]) => ({ id, name })),
  ]);
  const valuesOf = (key: string): Value[] => {
    const found = (key === typedKey ? facets : []).map(
      ({ value, label, events: count }): Value => ({
        value,
        label,
        detail: formatPlural(count, "event"),
      }),
    );
    const seen = new Set(found.map(({ value }) => value));
    return [
      ...found,
      ...(key === "actor" || key === "target" ? known.filter(({ value }) => !seen.has(value)) : []),
    ];
  };
  const keys: FilterKey[] = [
    ...["actor", "action", "class", "target"].map((key) => ({ key, values: valuesOf(key), canNegate: true })),
    {
      key: "outcome",
      canNegate: true,
      values: Object.entries(outcomeWords).map(([value, label]) => ({ value, label })),
    },
    {
      key: "hour",
      canNegate: true,
      values: (search.slot ?? []).map((value) => ({ value, label: slotName(value) })),
    },
    { key: "time" },
  ];
  const hasRange = search.from !== undefined || search.to !== undefined;
  return (
    <FilterBar
      label="Filter events"
      keys={keys}
      onDraft={setDraft}
      filter={{
        tokens: tokensOf(search, hasRange ? rangeName(search, nowMs, zone) : undefined),
        text: search.q ?? "",
      }}
      onChange={(filter) => {
        setNames((before) => withNames(before, facets));
        address.go(readAuditTokens(filter, search, { nowMs, zone }));
      }}
    />
  );
};
