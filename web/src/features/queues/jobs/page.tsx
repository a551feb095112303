import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate, useRouter } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { jobsOfActMax } from "@wheelhouse/shared/queues/job-acts.ts";
import type { JobList, JobRow, JobState } from "@wheelhouse/shared/queues/jobs.ts";
import { type ReactNode, Suspense, useMemo, useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { useBoard } from "#lib/live/live-board.ts";
import { neighboursOf } from "#lib/neighbours.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { freshnessOf, useCurrency } from "#ui/page/freshness-line.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { queuesBoard, queuesQuery } from "../queries.ts";
import { ActsOnAll } from "../runs/runs.ts";
import type { QueueView } from "../views.ts";
import type { Ask, Asked, JobAsked } from "./asked.ts";
import { QueueHead } from "./head.tsx";
import css from "./jobs.module.css";
import { JobDialogs, JobDrawer } from "./on-demand.ts";
import { jobsQuery } from "./queries.ts";
import type { JobsSearch } from "./search.ts";
import { type Selection, SelectionProvider, useSelection } from "./selection.tsx";
import { JobTable } from "./table.tsx";
import { emptyOf, stateWords, tabStates } from "./words.ts";

const route = getRouteApi("/o/$org/queues/jobs");

type Address = PageAddress<JobsSearch>;

const useAddress = (organization: string): Address => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/queues/jobs", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};

/** The state that a person most likely came for. */
const firstState = (view: QueueView | undefined): JobState =>
  view !== undefined && view.row.counts.failed > 0 ? "failed" : "waiting";

const countOf = (state: JobState, list: JobList | undefined, view: QueueView | undefined): number | null => {
  if (list !== undefined) return list.counts[state];
  if (view === undefined || view.row.isUnread === true) return null;
  const { counts } = view.row;
  return state === "paused" ? 0 : state === "waiting-children" ? counts.waitingChildren : counts[state];
};

const StateTabs = (props: {
  address: Address;
  state: JobState;
  list: JobList | undefined;
  view: QueueView | undefined;
}) => {
  const { address, state, list, view } = props;
  return (
    <nav className={`tabs ${css.tabs}`} aria-label="Jobs by state">
      {tabStates.map((each) => {
        const count = countOf(each, list, view);
        // Rare states have a tab only while they hold jobs, or are looked at.
        const isRare = each === "prioritized" || each === "paused" || each === "waiting-children";
        if (isRare && each !== state && (count ?? 0) === 0) return null;
        return (
          <AddressLink
            key={each}
            address={address}
            to={{ queue: address.search.queue, state: each, order: address.search.order }}
            aria-current={each === state ? "page" : undefined}
          >
            {stateWords[each]}
            <span className={each === "failed" && (count ?? 0) > 0 ? "n warn" : "n"}>
              {count === null ? "" : formatCount(count)}
              {each === "completed" && (count ?? 0) > 0 ? " kept" : ""}
            </span>
          </AddressLink>
        );
      })}
    </nav>
  );
};

const orders = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
] as const;

const views = [
  { value: "list", label: "List" },
  { value: "causes", label: "Causes" },
] as const;

/** Search and grouping look into the index, on the page that has it for all queues. */
const useFind = (organization: string, queue: string) => {
  const navigate = useNavigate();
  return (search: { q: string; view?: "causes" }) =>
    void navigate({
      to: "/o/$org/queues/find",
      params: { org: organization },
      search: Object.assign({}, search, { q: `queue:${queue}${search.q}` }),
    });
};

const Tool = (props: { organization: string; queue: string; address: Address; state: JobState }) => {
  const { organization, queue, address, state } = props;
  const [id, setId] = useState("");
  const { search } = address;
  const find = useFind(organization, queue);
  return (
    <div className="tool">
      <form
        noValidate
        className={css.find}
        onSubmit={(event) => {
          event.preventDefault();
          if (id.trim() !== "") address.go({ ...search, job: id.trim() });
        }}
      >
        <input
          className="field mono"
          aria-label="Open job by id"
          placeholder="Open job by id"
          maxLength={2_000}
          value={id}
          onChange={({ target }) => setId(target.value)}
        />
      </form>
      <Button onClick={() => find({ q: ` state:${state}` })}>Search jobs</Button>
      {state === "failed" && (
        <Segments
          options={views}
          value="list"
          onChange={(view) => view === "causes" && find({ q: "", view })}
          group={{ label: "View" }}
        />
      )}
      <Segments
        options={orders}
        value={search.order ?? "newest"}
        onChange={(order) =>
          address.go({ queue: search.queue, state, order: order === "oldest" ? "oldest" : undefined })
        }
        group={{ label: "Order" }}
      />
    </div>
  );
};

const actsOf: Record<JobState, readonly { act: JobAsked; verb: string }[]> = {
  failed: [
    { act: "remove", verb: "Remove" },
    { act: "retry", verb: "Retry" },
  ],
  completed: [
    { act: "remove", verb: "Remove" },
    { act: "retry", verb: "Run again" },
  ],
  delayed: [
    { act: "remove", verb: "Remove" },
    { act: "promote", verb: "Promote" },
  ],
  waiting: [
    { act: "move", verb: "Move" },
    { act: "remove", verb: "Remove" },
  ],
  prioritized: [
    { act: "move", verb: "Move" },
    { act: "remove", verb: "Remove" },
  ],
  paused: [
    { act: "move", verb: "Move" },
    { act: "remove", verb: "Remove" },
  ],
  "waiting-children": [{ act: "remove", verb: "Remove" }],
  active: [],
};

/** Acts on the selected jobs; in its place, so that nothing jumps, what the list shows. */
const Strip = (props: {
  rows: readonly JobRow[];
  state: JobState;
  order: "newest" | "oldest";
  total: number | null;
  selection: Selection;
  ask: Ask | null;
  /** Acts on all jobs of the state. */
  onAll: ReactNode;
}) => {
  const { rows, state, order, total, selection, ask, onAll } = props;
  const chosen = rows.filter(({ id }) => selection.ids.has(id));
  if (ask === null || chosen.length === 0)
    return (
      <div className={`sum pad ${css.strip}`}>
        <span>
          <b>{total === null ? "–" : formatCount(total)}</b> {stateWords[state].toLowerCase()}
        </span>
        <span className="c3 grow">{order === "newest" ? "Newest" : "Oldest"} first, without payloads</span>
        {ask !== null && onAll}
      </div>
    );
  const acts = actsOf[state];
  return (
    <div className={`sum pad ${css.strip} ${css.chosen}`}>
      <b className="grow">
        {formatPlural(chosen.length, "job")} selected
        {chosen.length > jobsOfActMax && `, at most ${jobsOfActMax} at once`}
      </b>
      <Button variant="ghost" onClick={selection.clear}>
        Clear selection
      </Button>
      {acts.map(({ act, verb }, index) => (
        <Button
          key={act}
          variant={index === acts.length - 1 ? "primary" : "plain"}
          disabled={chosen.length > jobsOfActMax}
          onClick={() => ask({ about: "jobs", act, jobs: chosen })}
        >
          {verb} {formatPlural(chosen.length, "job")}…
        </Button>
      ))}
    </div>
  );
};

const useJobs = (organization: string, queue: string, state: JobState, order: "newest" | "oldest") => {
  const options = jobsQuery(organization, queue, { state, order });
  const list = useInfiniteQuery(options);
  const selection = useSelection(JSON.stringify(options.queryKey));
  // A list that moved on between two pages may hold a job twice.
  const rows = useMemo(() => {
    const seen = new Map<string, JobRow>();
    for (const { items } of list.data?.pages ?? [])
      for (const job of items) if (!seen.has(job.id)) seen.set(job.id, job);
    return [...seen.values()];
  }, [list.data]);
  return { list, selection, rows, first: list.data?.pages[0] };
};

/** The act a person is asked about; `ask` is null where they may not act, or the queue is read-only. */
const useAsk = (organization: string, list: JobList | undefined) => {
  const mayAct = useCan(organization, "queues:act");
  const [asked, setAsked] = useState<Asked | null>(null);
  return { asked, ask: mayAct && list?.readOnly === null ? setAsked : null, close: () => setAsked(null) };
};

/** Jobs move only within one Redis. */
const targetsOf = (id: string, view: QueueView | undefined, views: readonly QueueView[]) =>
  views
    .map(({ row }) => row)
    .filter((row) => row.id !== id && row.source === view?.row.source)
    .map((row) => ({ id: row.id, name: row.name }));

const Jobs = (props: {
  organization: string;
  address: Address;
  queue: string;
  targets: ReturnType<typeof targetsOf>;
  jobs: ReturnType<typeof useJobs>;
  state: JobState;
  ask: Ask | null;
}) => {
  const { organization, address, queue, targets, jobs, state, ask } = props;
  const { list, selection, rows, first } = jobs;
  const { search } = address;
  const order = search.order ?? "newest";
  const empty = emptyOf(state);
  const shared = useMemo(() => ({ selection, rows }), [selection, rows]);
  return (
    <Panel
      name="Jobs"
      query={list}
      skeletonRows={12}
      isEmpty={() => rows.length === 0}
      empty={<Empty title={empty.title}>{empty.text}</Empty>}
    >
      {() => (
        <SelectionProvider value={shared}>
          <Strip
            rows={rows}
            state={state}
            order={order}
            total={first?.counts[state] ?? null}
            selection={selection}
            ask={ask}
            onAll={
              <ActsOnAll
                organization={organization}
                queue={queue}
                state={state}
                total={first?.counts[state] ?? 0}
                targets={targets}
              />
            }
          />
          <JobTable
            rows={rows}
            state={state}
            order={order}
            canAct={ask !== null && actsOf[state].length > 0}
            openKey={search.job}
            onOpen={(job) => address.go({ ...search, state, job })}
            hrefOf={(job) => address.hrefOf({ ...search, state, job })}
          />
          <LoadOlder name="More jobs" list={list}>
            {list.hasNextPage
              ? `${formatCount(rows.length)} loaded of ${formatCount(first?.counts[state] ?? rows.length)}`
              : `All ${formatCount(rows.length)} loaded`}
          </LoadOlder>
        </SelectionProvider>
      )}
    </Panel>
  );
};

const isGone = (error: unknown) => error instanceof ApiError && error.code === "not_found";

const Gone = ({ organization, name }: { organization: string; name: string }) => (
  <Empty title="Queue not found">
    No queue {name} is known here: it may not have been found yet, may be gone, or belong to another
    organization.{" "}
    <Link className="link" to="/o/$org/queues" params={{ org: organization }}>
      All queues
    </Link>
  </Empty>
);

const OpenJob = (props: {
  organization: string;
  address: Address;
  id: string;
  view: QueueView | undefined;
  job: string;
  rows: readonly JobRow[];
  ask: Ask | null;
}) => {
  const { organization, address, id, view, job, rows, ask } = props;
  const go = (next: string | undefined, replace: boolean) =>
    address.go({ ...address.search, job: next }, { replace });
  return (
    <JobDrawer
      key={job}
      organization={organization}
      queue={{
        id,
        name: view?.row.name ?? id,
        prefix: view?.row.prefix ?? "bull",
        source: view?.row.source ?? "primary",
      }}
      jobId={job}
      ask={ask}
      address={address}
      {...neighboursOf(
        rows.map((row) => row.id),
        job,
        (next) => go(next, true),
      )}
      onClose={() => go(undefined, false)}
    />
  );
};

const Content = (props: {
  organization: string;
  address: Address;
  id: string;
  view: QueueView | undefined;
  views: readonly QueueView[];
  freshness: ReturnType<typeof freshnessOf>;
}) => {
  const { organization, address, id, view, views, freshness } = props;
  const { search } = address;
  const state = search.state ?? firstState(view);
  const jobs = useJobs(organization, id, state, search.order ?? "newest");
  const { rows, first, list, selection } = jobs;
  const { asked, ask, close } = useAsk(organization, first);
  if (isGone(list.error) && (view === undefined || first === undefined))
    return <Gone organization={organization} name={id} />;
  const drawer: ReactNode = search.job !== undefined && (
    <OpenJob
      organization={organization}
      address={address}
      id={id}
      view={view}
      job={search.job}
      rows={rows}
      ask={ask}
    />
  );
  return (
    <Split drawer={drawer}>
      {view !== undefined && (
        <QueueHead
          organization={organization}
          view={view}
          list={first}
          freshness={freshness.state}
          ask={ask}
        />
      )}
      <StateTabs address={address} state={state} list={first} view={view} />
      <Tool organization={organization} queue={id} address={address} state={state} />
      <Jobs
        organization={organization}
        address={address}
        queue={id}
        targets={targetsOf(id, view, views)}
        jobs={jobs}
        state={state}
        ask={ask}
      />
      {asked !== null && first !== undefined && (
        <Suspense fallback={null}>
          <JobDialogs
            organization={organization}
            queue={id}
            name={view?.row.name ?? id}
            asked={asked}
            list={first}
            onDone={selection.clear}
            onClose={close}
          />
        </Suspense>
      )}
    </Split>
  );
};

/** One queue: how it does, its jobs by state, and the job in the drawer. The URL holds the whole view. */
export const JobsPage = () => {
  const { org } = route.useParams();
  const address = useAddress(org);
  useBoard(queuesBoard, org);
  const queues = useQuery(queuesQuery(org));
  const currency = useCurrency(queues.data);
  const { queue: id } = address.search;
  const view = queues.data?.views.find(({ row }) => row.id === id);
  const within = (
    <Link to="/o/$org/queues" params={{ org }}>
      {organizationPages.queues.title}
    </Link>
  );
  return (
    <Page
      title={view?.row.name ?? id ?? organizationPages.jobs.title}
      within={within}
      observation={queues.data ?? null}
    >
      {id === undefined ? (
        <Empty title="No queue chosen">
          <Link className="link" to="/o/$org/queues" params={{ org }}>
            Choose one of all queues
          </Link>
        </Empty>
      ) : (
        <Content
          key={id}
          organization={org}
          address={address}
          id={id}
          view={view}
          views={queues.data?.views ?? []}
          freshness={freshnessOf(currency)}
        />
      )}
    </Page>
  );
};
