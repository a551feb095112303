import { ApiError } from "#lib/api/api.ts";
import { Empty, Failure, Panel, type PanelQuery, Skeleton } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { LoadOlder, type OlderQuery } from "#ui/table/load-older.tsx";
import { type Column, FilteredTable, LiveTable, NoMatch, Table } from "#ui/table/table.tsx";
import { ago, doNothing, type Part } from "./part.ts";

type Row = { id: string; state: "ok" | "degraded" | "down"; depth: number; group: string };

const rowsOf = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `queue-${index + 1}`,
    state: index === 0 ? "down" : index === 1 ? "degraded" : "ok",
    depth: (index * 37) % 1_000,
    group: index < 2 ? "Not well" : "Well",
  }));
const columns: readonly Column<Row>[] = [
  { id: "name", header: "Queue", cell: ({ id }) => id, card: "title" },
  {
    id: "state",
    header: "State",
    cell: ({ state }) => <Status tone={state} label={state} inRow />,
    card: "badge",
  },
  { id: "depth", header: "Waiting", cell: ({ depth }) => depth, num: true, sorted: "descending" },
];
const usual = { columns, keyOf: ({ id }: Row) => id };
const quietWhenWell = ({ state }: Row) => (state === "ok" ? "quiet" : "");

const refused = new ApiError("unavailable", "Postgres does not answer", { requestId: "req-4f1c" });
const queryOf = (part: Partial<PanelQuery<string>>): PanelQuery<string> => ({
  data: undefined,
  error: null,
  isPending: false,
  isFetching: false,
  dataUpdatedAt: Date.parse(ago(240_000)),
  refetch: doNothing,
  ...part,
});
const panelOf = (part: Partial<PanelQuery<string>>, freshness?: "stale" | "unknown") => (
  <Panel
    name="Deliveries"
    query={queryOf(part)}
    skeletonRows={3}
    isEmpty={(text) => text === ""}
    empty={<Empty title="No deliveries yet">They appear here as events come in.</Empty>}
    freshness={freshness && { state: freshness, ageMs: 9_000 }}
  >
    {(text) => <p>{text}</p>}
  </Panel>
);

const olderOf = (part: Partial<OlderQuery>, text: string) => (
  <LoadOlder
    name="Older deliveries"
    list={{
      hasNextPage: true,
      isFetchingNextPage: false,
      isFetchNextPageError: false,
      error: null,
      fetchNextPage: doNothing,
      ...part,
    }}
  >
    {text}
  </LoadOlder>
);

/** What holds data that come from elsewhere. */
export const listParts: readonly Part[] = [
  {
    name: "Table",
    shows: [Table],
    states: [
      { name: "rows", node: <Table caption="Queues" {...usual} rows={rowsOf(4)} rowClass={quietWhenWell} /> },
      {
        name: "links, one open",
        node: (
          <Table
            caption="Queues"
            {...usual}
            rows={rowsOf(4)}
            openKey="queue-2"
            onOpen={doNothing}
            hrefOf={(key) => `#${key}`}
          />
        ),
      },
      {
        name: "groups",
        node: <Table caption="Queues" {...usual} rows={rowsOf(4)} groupOf={({ group }) => group} />,
      },
      {
        name: "long: only rows in view are drawn",
        node: (
          <div className="parts-scroll">
            <Table caption="Queues" {...usual} rows={rowsOf(400)} />
          </div>
        ),
      },
    ],
  },
  {
    name: "Live table",
    shows: [LiveTable],
    states: [
      {
        name: "rows keep their places under the mouse",
        node: <LiveTable caption="Queues" {...usual} rows={rowsOf(4)} />,
      },
    ],
  },
  {
    name: "Filtered table",
    shows: [FilteredTable],
    states: [
      {
        name: "rows",
        node: (
          <FilteredTable
            caption="Queues"
            {...usual}
            rows={rowsOf(2)}
            noMatch="No queue matches"
            onClear={doNothing}
          />
        ),
      },
      {
        name: "nothing matches",
        node: (
          <FilteredTable
            caption="Queues"
            {...usual}
            rows={[]}
            noMatch="No queue matches"
            onClear={doNothing}
          />
        ),
      },
    ],
  },
  {
    name: "No match",
    shows: [NoMatch],
    states: [{ name: "usual", node: <NoMatch title="No queue matches" onClear={doNothing} /> }],
  },
  {
    name: "Load older",
    shows: [LoadOlder],
    states: [
      { name: "more to load", node: olderOf({}, "50 shown") },
      { name: "loading", node: olderOf({ isFetchingNextPage: true }, "50 shown") },
      { name: "failed", node: olderOf({ isFetchNextPageError: true, error: refused }, "50 shown") },
      {
        name: "being tried again",
        node: olderOf({ isFetchNextPageError: true, isFetchingNextPage: true, error: refused }, "50 shown"),
      },
      { name: "the end", node: olderOf({ hasNextPage: false }, "All 62 shown") },
    ],
  },
  {
    name: "Panel",
    shows: [Panel],
    states: [
      { name: "pending", node: panelOf({ isPending: true }) },
      { name: "empty", node: panelOf({ data: "" }) },
      { name: "failed", node: panelOf({ error: refused }) },
      { name: "failed again, old data kept", node: panelOf({ data: "412 deliveries", error: refused }) },
      { name: "stale", node: panelOf({ data: "412 deliveries" }, "stale") },
      { name: "unknown", node: panelOf({ data: "412 deliveries" }, "unknown") },
      { name: "data", node: panelOf({ data: "412 deliveries" }) },
    ],
  },
  {
    name: "Skeleton",
    shows: [Skeleton],
    states: [{ name: "loading", node: <Skeleton rows={4} label="deliveries" /> }],
  },
  {
    name: "Empty",
    shows: [Empty],
    states: [
      { name: "title alone", node: <Empty title="Nothing matches" /> },
      {
        name: "with what to do",
        node: <Empty title="Nothing matches">Take a word out of the filter.</Empty>,
      },
    ],
  },
  {
    name: "Failure",
    shows: [Failure],
    states: [
      {
        name: "can be tried again",
        node: <Failure name="Deliveries" error={refused} onRetry={doNothing} />,
      },
      {
        name: "is being tried again",
        node: <Failure name="Deliveries" error={refused} isFetching onRetry={doNothing} />,
      },
      {
        name: "not allowed",
        node: (
          <Failure
            name="Deliveries"
            error={new ApiError("forbidden", "Ask an admin for the right to read deliveries.")}
            onRetry={doNothing}
          />
        ),
      },
    ],
  },
];
