import { Button } from "#ui/page/button.tsx";
import { LaneActs } from "#ui/run/lane-acts.tsx";
import { RateChart } from "#ui/run/rate-chart.tsx";
import { RunFrame, RunHead, RunPhases } from "#ui/run/run-frame.tsx";
import { RunJournal } from "#ui/run/run-journal.tsx";
import { type LaneView, RunLanes } from "#ui/run/run-lanes.tsx";
import { RunKeys, RunProgress } from "#ui/run/run-progress.tsx";
import { at, doNothing, type Part } from "./part.ts";

const words = { succeeded: "delivered", open: "waiting for a response" };
const counts = { total: 40_948, sent: 25_486, succeeded: 25_441, failed: 45, skipped: 0 };
const none = { total: 40_948, sent: 0, succeeded: 0, failed: 0, skipped: 0 };

const startMs = Date.parse(at);
const moment = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();
/** Grows to 40/s, is halved once and grows again. */
const grown = Array.from({ length: 40 }, (_, index) => {
  const rate = index < 20 ? index * 2 : 20 + (index - 20);
  return rate * 20;
});
const pointsOf = (steps: readonly number[]) => {
  let sent = 0;
  return [0, ...steps].map((step, index) => {
    sent += step;
    return { at: moment(index * 20), sent };
  });
};
const rates = [
  { laneId: "orders", points: pointsOf(grown) },
  { laneId: "stock", points: pointsOf(grown.map((_, index) => (index < 30 ? 60 : 0))) },
];
const lanes = [
  { id: "orders", name: "orders.northwind.example" },
  { id: "stock", name: "stock.northwind.example" },
];
const chartOf = (part: Partial<Parameters<typeof RateChart>[0]>) => (
  <RateChart
    title="Rate per endpoint"
    unit="deliveries /s"
    limit={50}
    lanes={lanes}
    rates={rates}
    moments={[{ at: moment(400), text: "orders: 3 failures: 20 /s" }]}
    fromMs={startMs}
    toMs={startMs + 800_000}
    {...part}
  />
);

const actsOf = (part: Partial<Parameters<typeof LaneActs>[0]>) => (
  <LaneActs
    name="orders.northwind.example"
    rest="8,564 deliveries"
    remaining={8_564}
    isHeld={false}
    limit={null}
    isBusy={false}
    error={null}
    onChange={doNothing}
    {...part}
  />
);
const laneOf = (part: Partial<LaneView>): LaneView => ({
  id: "orders",
  name: "orders.northwind.example",
  sub: "https://orders.northwind.example/hooks",
  status: { tone: "run", label: "Sending" },
  counts: { total: 31_168, sent: 22_604, succeeded: 22_601, failed: 3, skipped: 0 },
  isHeld: false,
  rate: "41.0 /s",
  doneIn: "3 m 29 s",
  acts: actsOf({}),
  note: null,
  ...part,
});
const held = laneOf({
  id: "fulfilment",
  name: "fulfilment.northwind-eu.example",
  sub: "Breaker opened",
  status: { tone: "down", label: "On hold: breaker open" },
  counts: { total: 7_900, sent: 1_002, succeeded: 961, failed: 41, skipped: 0 },
  isHeld: true,
  rate: "–",
  doneIn: "on hold",
  acts: actsOf({ isHeld: true }),
});
const tooLate = laneOf({
  id: "crm",
  name: "crm.northwind.example",
  status: { tone: "ok", label: "Done" },
  counts: { total: 1_204, sent: 1_204, succeeded: 1_203, failed: 1, skipped: 0 },
  rate: "–",
  doneIn: "done",
  acts: null,
  note: <span className="tx-warn">Not changed: crm is done, 1203 of 1204 succeeded.</span>,
});
const lanesOf = (hasActs: boolean) => (
  <RunLanes
    caption="Progress per endpoint"
    header="Endpoint"
    words={words}
    lanes={[held, laneOf({}), tooLate]}
    hasActs={hasActs}
  />
);

const journal = (
  <RunJournal
    entries={[
      { at: moment(800), text: "fulfilment: On hold", detail: "Breaker opened", isWarning: true },
      { at: moment(14), text: "orders: Canary passed", detail: "20 of 20 succeeded", isWarning: false },
      { at: moment(0), text: "Started", detail: "Priya Raman", isWarning: false },
    ]}
  />
);
const head = (
  <RunHead
    verdict="Running: 1 endpoint sending, 1 on hold, 2 done"
    back={null}
    acts={<Button large>Pause</Button>}
    figures={[
      { label: "Sent", value: "25,486", note: "of 40,948" },
      { label: "Failed, still dead letters", value: "45", isBad: true },
      { label: "Elapsed", value: "13 m 39 s" },
    ]}
  >
    <p className="c2">40,948 dead letters frozen at 09:16:20 UTC, started by Priya Raman.</p>
  </RunHead>
);

/** Parts of a run: an act on many items that goes on while nobody watches. */
export const runParts: readonly Part[] = [
  {
    name: "Run progress",
    shows: [RunProgress, RunKeys],
    states: [
      { name: "going", node: <RunProgress counts={counts} words={words} /> },
      { name: "on hold", node: <RunProgress counts={counts} words={words} isHeld isBig /> },
      { name: "nothing yet", node: <RunProgress counts={none} words={words} /> },
      { name: "in words", node: <RunKeys counts={counts} words={words} isHeld /> },
    ],
  },
  {
    name: "Run phases",
    shows: [RunPhases],
    states: [
      {
        name: "canary",
        node: (
          <RunPhases
            phases={[
              { name: "Snapshot", detail: "41,200 match, 252 excluded", is: "done" },
              { name: "Canary", detail: "5 per endpoint, 2 endpoints to go", is: "now" },
              { name: "Adaptive rate", detail: "learned, at most 50 /s", is: "to come" },
              { name: "Finish", detail: "report and audit event", is: "to come" },
            ]}
          />
        ),
      },
    ],
  },
  {
    name: "Rate chart",
    shows: [RateChart],
    states: [
      { name: "two lanes", node: chartOf({}) },
      { name: "without a limit", node: chartOf({ limit: null, moments: [] }) },
      { name: "just started", node: chartOf({ rates: [], moments: [] }) },
    ],
  },
  {
    name: "Run lanes",
    shows: [RunLanes],
    states: [
      { name: "with acts, and one that came too late", node: lanesOf(true) },
      { name: "for a viewer", node: lanesOf(false) },
    ],
  },
  {
    name: "Acts on a lane",
    shows: [LaneActs],
    states: [
      { name: "sending", node: actsOf({}) },
      { name: "on hold", node: actsOf({ isHeld: true }) },
      { name: "busy", node: actsOf({ isBusy: true }) },
    ],
  },
  { name: "Run journal", shows: [RunJournal], states: [{ name: "newest first", node: journal }] },
  {
    name: "Run",
    shows: [RunFrame, RunHead],
    states: [{ name: "head and aside", node: <RunFrame aside={journal}>{head}</RunFrame> }],
  },
];
