import { LiveContext } from "#lib/live/live-context.tsx";
import { MomentProvider } from "#lib/live/moment.ts";
import { HistorySpanSelect } from "#ui/chart/history-span-select.tsx";
import { type Frame, FrameProvider, Page, Split } from "#ui/page/page.tsx";
import { freshnessStates, freshObservation, openLive } from "./live-states.ts";
import { at, doNothing, type Part } from "./part.ts";

const frame: Frame = {
  openPalette: doNothing,
  observation: null,
  strip: null,
  bell: null,
  onRewind: doNothing,
};

/** The frame that every page has. */
export const frameParts: readonly Part[] = [
  {
    name: "Page",
    shows: [Page],
    isOverlay: true,
    states: [
      {
        name: "live, can be rewound",
        node: (
          <LiveContext value={openLive}>
            <FrameProvider value={frame}>
              <Page title="Queues" crumb="12 of 40" observation={freshObservation}>
                <p className="pad">Its content.</p>
              </Page>
            </FrameProvider>
          </LiveContext>
        ),
      },
      {
        name: "each word of the freshness chip",
        node: freshnessStates.map(({ name, live, observation, pausedNewCount }) => (
          <LiveContext key={name} value={live}>
            <Page
              title={name}
              observation={observation}
              {...(pausedNewCount !== undefined && {
                pause: { isPaused: true, newCount: pausedNewCount, onToggle: doNothing },
              })}
            >
              {null}
            </Page>
          </LiveContext>
        )),
      },
      {
        name: "a past moment",
        node: (
          <FrameProvider value={{ ...frame, strip: <div className="pad">The scrubber.</div> }}>
            <MomentProvider value={{ at, nowMs: Date.parse(at) }}>
              <Page title="Queues">
                <p className="pad">Its content.</p>
              </Page>
            </MomentProvider>
          </FrameProvider>
        ),
      },
    ],
  },
  {
    name: "Split",
    shows: [Split],
    states: [
      {
        name: "list and drawer",
        node: <Split drawer={<aside className="drawer pad">A drawer.</aside>}>A list.</Split>,
      },
      { name: "list alone", node: <Split>A list.</Split> },
    ],
  },
  {
    name: "History span select",
    shows: [HistorySpanSelect],
    states: [{ name: "usual", node: <HistorySpanSelect /> }],
  },
];
