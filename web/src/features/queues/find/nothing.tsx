import { useQuery } from "@tanstack/react-query";
import type { JobIndex } from "@wheelhouse/shared/queues/find.ts";
import type { ReactNode } from "react";
import { formatBytes, formatCount, formatDateTime, formatPlural } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import type { Filter } from "#ui/filter/filter-tokens.ts";
import { Button } from "#ui/page/button.tsx";
import { formatBehind } from "./aside.tsx";
import { foundCountQuery } from "./queries.ts";
import css from "./search.module.css";
import { queryOf, soughtWords, stateWords, withoutState } from "./view.ts";

type Line = { key: string; title: ReactNode; detail: string };

const Lines = ({ heading, lines }: { heading: string; lines: readonly Line[] }) => (
  <div>
    <h3 className="h">{heading}</h3>
    <ul>
      {lines.map(({ key, title, detail }) => (
        <li key={key}>
          {title}
          <small>{detail}</small>
        </li>
      ))}
    </ul>
  </div>
);

const bound = (count: number, isBound: boolean) => `${formatCount(count)}${isBound ? " or more" : ""}`;

const notSearched = (index: JobIndex, since: string): Line[] => {
  const paths = (what: "out" | "hash") =>
    index.rules.filter((rule) => rule.what === what).map(({ path }) => `data.${path}`);
  return [
    ...index.failures.map(({ source, reason }) => ({ key: source, title: source, detail: reason })),
    {
      key: "since",
      title: `Jobs added before ${since}`,
      detail: `the index keeps ${formatPlural(index.keptDays, "day")}`,
    },
    ...(index.skipped === 0
      ? []
      : [
          {
            key: "skipped",
            title: `${formatCount(index.skipped)} jobs in Redis`,
            detail: "added before that, or with a time in the future",
          },
        ]),
    { key: "others", title: "Lists and other systems", detail: "their elements have no ids and no fields" },
    {
      key: "rules",
      title: <span className="mono">{paths("out").slice(0, 4).join(", ")} …</span>,
      detail: `left out as secrets; ${paths("hash").join(", ")} are searched by their whole value`,
    },
  ];
};

const notInFull = (index: JobIndex): Line[] => {
  const { cut, bare, limits, gaps, fill, behindMs } = index;
  const lines: Line[] = [];
  if (cut.jobs > 0)
    lines.push({
      key: "cut",
      title: `${bound(cut.jobs, cut.isBound)} long payloads`,
      detail: `first ${limits.fields} fields, ${limits.elements} elements of a list, values up to ${limits.valueChars} characters, ${formatBytes(limits.dataBytes)}${
        cut.largest === null ? "" : `; largest ${cut.largest.queue} ${cut.largest.id}`
      }`,
    });
  if (bare.jobs > 0)
    lines.push({
      key: "bare",
      title: `${bound(bare.jobs, bare.isBound)} jobs without fields`,
      detail: "removed from Redis before they could be read",
    });
  for (const { queue, name, times } of gaps.slice(0, 3))
    lines.push({
      key: queue,
      title: name,
      detail: `events were trimmed before they were read, ${formatPlural(times, "time")}; a back-fill followed`,
    });
  if (fill.running > 0)
    lines.push({
      key: "fill",
      title: `${formatPlural(fill.running, "queue")} still being read`,
      detail: `${formatCount(fill.readJobs)} jobs so far`,
    });
  lines.push({
    key: "behind",
    title: behindMs === null ? "The newest jobs" : `Jobs of the last ${formatBehind(behindMs)}`,
    detail: "appear by themselves",
  });
  return lines;
};

/** What else could be tried; each with what it would find. */
const Ways = (props: {
  organization: string;
  filter: Filter;
  nowMs: number;
  onChange: (filter: Filter) => void;
}) => {
  const { organization, filter, nowMs, onChange } = props;
  const { zone } = usePreferences();
  const hasState = filter.tokens.some(({ key }) => key === "state");
  const anyState = useQuery({
    ...foundCountQuery(organization, queryOf(withoutState(filter), nowMs, zone)),
    enabled: hasState,
  });
  const value =
    filter.text === "" ? filter.tokens.find(({ key }) => key.startsWith("data."))?.value : filter.text;
  const count = anyState.data?.count ?? 0;
  return (
    <div className={css.ways}>
      {count > 0 && (
        <Button variant="primary" onClick={() => onChange(withoutState(filter))}>
          Search all states, {formatPlural(count, "job")}
        </Button>
      )}
      {value !== undefined && (
        <>
          <Button onClick={() => onChange({ tokens: [{ key: "value", value }], text: "" })}>
            Search the value {value} in any field
          </Button>
          <Button onClick={() => onChange({ tokens: [{ key: "error", value }], text: "" })}>
            Search errors for {value}
          </Button>
          {filter.text === "" && (
            <Button onClick={() => onChange({ tokens: [{ key: "id", value }], text: "" })}>
              Search the id {value}
            </Button>
          )}
        </>
      )}
    </div>
  );
};

/** Nothing was found: what was searched, what was not, and what to try. */
export const NothingFound = (props: {
  organization: string;
  filter: Filter;
  label: (key: string, value: string) => string;
  index: JobIndex | undefined;
  tookMs: number;
  nowMs: number;
  onChange: (filter: Filter) => void;
}) => {
  const { organization, filter, label, index, tookMs, nowMs, onChange } = props;
  const { zone } = usePreferences();
  const state = filter.tokens.find(({ key }) => key === "state")?.value;
  const states = state
    ?.split(",")
    .map((each) => (stateWords as Record<string, string>)[each]?.toLowerCase() ?? each)
    .join(" or ");
  const sought = soughtWords(filter, label);
  return (
    <section className={css.nothing}>
      <h2 className="t20 b">
        No {states === undefined ? "" : `${states} `}job
        {sought === "" ? " is in the index" : ` has ${sought}`}
      </h2>
      {index !== undefined && (
        <>
          <p className="c2">
            Searched {formatPlural(index.jobs, "job")} of {formatPlural(index.queues, "queue")}, added from{" "}
            {formatDateTime(index.keptSince, zone)} to now, in {tookMs} ms.
          </p>
          <div className={css.columns}>
            <Lines heading="Not searched" lines={notSearched(index, formatDateTime(index.keptSince, zone))} />
            <Lines heading="Not indexed in full" lines={notInFull(index)} />
          </div>
        </>
      )}
      <Ways organization={organization} filter={filter} nowMs={nowMs} onChange={onChange} />
    </section>
  );
};
