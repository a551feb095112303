import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { FoundJobs, JobIndex, JobWords } from "@wheelhouse/shared/queues/find.ts";
import { useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import { onDemand } from "#lib/on-demand.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import { type Filter, type FilterKey, readFilterInput, writeFilter } from "#ui/filter/filter-tokens.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { Page } from "#ui/page/page.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { FindAside, IndexLine } from "./aside.tsx";
import { NothingFound } from "./nothing.tsx";
import { foundJobsQuery, jobIndexQuery, jobWordsQuery } from "./queries.ts";
import css from "./search.module.css";
import { FoundTable } from "./table.tsx";
import { asksForFields, findKeys, queryOf, stateTones, stateWords } from "./view.ts";

const FieldsDialog = onDemand(async () => ({
  default: (await import("./fields-dialog.tsx")).FieldsDialog,
}));
const JobCauses = onDemand(async () => ({ default: (await import("./causes.tsx")).JobCauses }));

const route = getRouteApi("/o/$org/queues/find");

const labelIn = (keys: readonly FilterKey[]) => (key: string, value: string) =>
  value
    .split(",")
    .map(
      (part) =>
        keys.find((each) => each.key === key)?.values?.find((one) => one.value === part)?.label ?? part,
    )
    .join(" or ");

const tones: Partial<Record<string, string>> = { down: "tx-down" };

/** How many jobs match, by state. */
const Summary = (props: { summary: FoundJobs["summary"] | undefined; index: JobIndex | undefined }) => {
  const { summary, index } = props;
  return (
    <div className={`sum pad ${css.summary}`}>
      {summary != null && (
        <>
          <span>
            <b>
              {formatCount(summary.count)}
              {summary.isBound && "+"}
            </b>{" "}
            {summary.count === 1 ? "job" : "jobs"}
            {summary.count > 0 && (
              <>
                {" in "}
                <b>{formatCount(summary.queues.length)}</b> {summary.queues.length === 1 ? "queue" : "queues"}
              </>
            )}
          </span>
          {summary.states.map(({ state, jobs }) => (
            <span key={state} className={tones[stateTones[state]] ?? ""}>
              <b>{formatCount(jobs)}</b> {stateWords[state].toLowerCase()}
            </span>
          ))}
        </>
      )}
      <IndexLine index={index} />
    </div>
  );
};

const Results = (props: {
  organization: string;
  filter: Filter;
  keys: readonly FilterKey[];
  index: JobIndex | undefined;
  found: ReturnType<typeof useFound>;
  nowMs: number;
  onChange: (filter: Filter) => void;
}) => {
  const { organization, filter, keys, index, found, nowMs, onChange } = props;
  const rows = useMemo(() => found.data?.pages.flatMap(({ items }) => items) ?? [], [found.data]);
  const tookMs = found.data?.pages[0]?.tookMs ?? 0;
  return (
    <Panel
      name="Jobs"
      query={found}
      skeletonRows={12}
      isEmpty={() => rows.length === 0}
      empty={
        <NothingFound
          organization={organization}
          filter={filter}
          label={labelIn(keys)}
          index={index}
          tookMs={tookMs}
          nowMs={nowMs}
          onChange={onChange}
        />
      }
    >
      {() => (
        <>
          <FoundTable organization={organization} rows={rows} isSought={asksForFields(filter)} />
          <LoadOlder name="Older jobs" list={found}>
            {found.hasNextPage
              ? `${formatCount(rows.length)} shown`
              : `All ${formatCount(rows.length)} shown`}
            , searched in {tookMs} ms
          </LoadOlder>
        </>
      )}
    </Panel>
  );
};

const useFound = (organization: string, filter: Filter, nowMs: number) => {
  const { zone } = usePreferences();
  return useInfiniteQuery(foundJobsQuery(organization, queryOf(filter, nowMs, zone)));
};

const useWords = (organization: string): JobWords | undefined => useQuery(jobWordsQuery(organization)).data;

const Found = (props: {
  organization: string;
  filter: Filter;
  keys: readonly FilterKey[];
  onChange: (filter: Filter) => void;
}) => {
  const { organization, filter, keys, onChange } = props;
  const nowMs = useMinute();
  const index = useQuery(jobIndexQuery(organization)).data;
  const found = useFound(organization, filter, nowMs);
  const mayChange = useCan(organization, "sources:manage");
  const [areFieldsOpen, setFieldsOpen] = useState(false);
  const summary = found.data?.pages[0]?.summary;
  return (
    <div className={css.page}>
      <div className={css.pane}>
        <Summary summary={summary} index={index} />
        <Results
          organization={organization}
          filter={filter}
          keys={keys}
          index={index}
          found={found}
          nowMs={nowMs}
          onChange={onChange}
        />
      </div>
      <FindAside summary={summary} index={index} onFields={mayChange ? () => setFieldsOpen(true) : null} />
      {areFieldsOpen && index !== undefined && (
        <FieldsDialog organization={organization} rules={index.rules} onClose={() => setFieldsOpen(false)} />
      )}
    </div>
  );
};

/** One search over the jobs of all queues, from the index; or failed jobs by cause. */
export const FindJobPage = () => {
  const { org } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const words = useWords(org);
  const keys = useMemo(() => findKeys(words), [words]);
  const filter = readFilterInput(search.q ?? "", keys);
  const onChange = (next: Filter) => void navigate({ search: { q: writeFilter(next) } });
  const isByCause = search.view === "causes";
  return (
    <Page
      title={organizationPages.findJob.title}
      crumb={
        <>
          {"in all "}
          <Link className="link" to="/o/$org/queues" params={{ org }} search={{}}>
            queues
          </Link>
        </>
      }
    >
      <div className="tool">
        <FilterBar label="Find a job" keys={keys} filter={filter} onChange={onChange} />
        <Segments
          value={isByCause ? "causes" : "list"}
          options={[
            { value: "list", label: "List" },
            { value: "causes", label: "Causes" },
          ]}
          group={{ label: "View" }}
          onChange={(view) =>
            void navigate({ search: { q: search.q, view: view === "causes" ? "causes" : undefined } })
          }
        />
      </div>
      {isByCause ? (
        <JobCauses organization={org} filter={filter} />
      ) : (
        <Found organization={org} filter={filter} keys={keys} onChange={onChange} />
      )}
    </Page>
  );
};
