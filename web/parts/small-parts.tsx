import type { ReactNode } from "react";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { TimeAxis } from "#ui/chart/time-axis.tsx";
import { Button } from "#ui/page/button.tsx";
import { FreshnessLine, FreshnessText, UnlessOld } from "#ui/page/freshness-line.tsx";
import { Note } from "#ui/page/note.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import { Icon, type IconName } from "#ui/text/icon.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Count, Facts } from "#ui/text/quantity.tsx";
import { SecretText } from "#ui/text/secret-text.tsx";
import { Age, PreciseTime, Time, TimeHeader } from "#ui/text/time.tsx";
import { ago, at, doNothing, type Part } from "./part.ts";

const iconNames: readonly IconName[] = [
  "ok",
  "degraded",
  "down",
  "unknown",
  "stale",
  "paused",
  "check",
  "lock",
];
const tones: readonly Tone[] = [
  "ok",
  "degraded",
  "down",
  "unknown",
  "stale",
  "paused",
  "denied",
  "neutral",
  "run",
  "held",
];
const variants = ["plain", "primary", "danger", "danger-solid", "ghost"] as const;
const trend = [3, 4, 6, 5, 9, 12, 8, 7, 7, 10, 14, 11];
const json = '{\n  "type": "invoice.paid",\n  "amount": 4200\n}';

/** Words, badges and single controls. */
/** The line lies over the summary of its list. */
const summaryUnder = (line: ReactNode) => (
  <>
    {line}
    <div className="sum pad">
      <span>
        <b>12</b> queues
      </span>
    </div>
  </>
);

export const smallParts: readonly Part[] = [
  {
    name: "Button",
    shows: [Button],
    states: [
      ...variants.map((variant) => ({
        name: variant,
        node: (
          <div className="parts-row">
            <Button variant={variant}>Replay 3 deliveries…</Button>
            <Button variant={variant} large>
              Large
            </Button>
            <Button variant={variant} disabled>
              Disabled
            </Button>
            <Button variant={variant} className="is-focus">
              Focused
            </Button>
          </div>
        ),
      })),
    ],
  },
  {
    name: "Status",
    shows: [Status],
    states: [
      {
        name: "badge",
        node: (
          <div className="parts-row">
            {tones.map((tone) => (
              <Status key={tone} tone={tone} label={tone} />
            ))}
          </div>
        ),
      },
      {
        name: "in a row",
        node: (
          <div className="parts-row">
            {tones.map((tone) => (
              <Status key={tone} tone={tone} label={tone} inRow />
            ))}
          </div>
        ),
      },
      { name: "with what it was", node: <Status tone="stale" label="Stale" was="OK" /> },
    ],
  },
  {
    name: "Icon",
    shows: [Icon],
    states: iconNames.map((name) => ({
      name,
      node: (
        <span className="parts-row">
          <Icon name={name} /> {name}
        </span>
      ),
    })),
  },
  {
    name: "Note",
    shows: [Note],
    states: (["plain", "warn", "bad"] as const).map((tone) => ({
      name: tone,
      node: (
        <Note tone={tone} title="Three receivers do not answer.">
          Their deliveries are tried again for a day.
        </Note>
      ),
    })),
  },
  {
    name: "Count",
    shows: [Count],
    states: [
      { name: "many", node: <Count value={1_234_567} /> },
      { name: "zero", node: <Count value={0} /> },
      { name: "not known", node: <Count value={null} /> },
    ],
  },
  {
    name: "Facts",
    shows: [Facts],
    states: [
      {
        name: "two columns",
        node: (
          <Facts
            facts={[
              { label: "Endpoint", value: "orders" },
              { label: "Address", value: <code className="mono">https://orders.example/hooks</code> },
              { label: "Attempts", value: <Count value={4} /> },
            ]}
          />
        ),
      },
    ],
  },
  {
    name: "PageLink",
    shows: [PageLink],
    states: [{ name: "to a page", node: <PageLink href="/o/northwind/services">Card gateway</PageLink> }],
  },
  {
    name: "Time",
    shows: [Time],
    states: [
      { name: "time of day", node: <Time at={at} /> },
      { name: "full", node: <Time at={at} full /> },
    ],
  },
  {
    name: "Precise time",
    shows: [PreciseTime],
    states: [{ name: "usual", node: <PreciseTime at={at} /> }],
  },
  {
    name: "Time header",
    shows: [TimeHeader],
    states: [
      { name: "usual", node: <TimeHeader /> },
      { name: "label of its own", node: <TimeHeader label="Received" /> },
    ],
  },
  {
    name: "Time axis",
    shows: [TimeAxis],
    states: [
      {
        name: "under a chart",
        node: (
          <div className="parts-row">
            <div>
              <div className="parts-chart">
                <Sparkline values={trend} label="A trend with its axis" />
              </div>
              <TimeAxis observedAt={at} spanMs={600_000} />
            </div>
          </div>
        ),
      },
    ],
  },
  {
    name: "Age",
    shows: [Age],
    states: [
      { name: "counting", node: <Age at={ago(728_000)} suffix="ago" /> },
      { name: "short", node: <Age at={ago(728_000)} short /> },
    ],
  },
  {
    name: "Freshness line",
    shows: [FreshnessLine, FreshnessText],
    states: [
      { name: "stale", node: summaryUnder(<FreshnessLine currency="stale" observedAt={ago(9_000)} />) },
      { name: "unknown", node: summaryUnder(<FreshnessLine currency="unknown" observedAt={ago(60_000)} />) },
      { name: "never observed", node: summaryUnder(<FreshnessLine currency="unknown" observedAt={null} />) },
      {
        name: "collector lost",
        node: summaryUnder(<FreshnessLine currency="lost" observedAt={ago(60_000)} />),
      },
    ],
  },
  {
    name: "Unless old",
    shows: [UnlessOld],
    states: [
      {
        name: "fresh",
        node: <UnlessOld observation={{ observedAt: ago(0), intervalMs: 86_400_000 }}>Up for 4 h</UnlessOld>,
      },
      {
        name: "old",
        node: <UnlessOld observation={{ observedAt: ago(60_000), intervalMs: 1_000 }}>Up for 4 h</UnlessOld>,
      },
    ],
  },
  {
    name: "Address link",
    shows: [AddressLink],
    states: [
      {
        name: "link",
        node: (
          <AddressLink
            className="link"
            address={{ search: "a", hrefOf: (to) => `#${to}`, go: doNothing }}
            to="b"
          >
            Show dead letters
          </AddressLink>
        ),
      },
    ],
  },
  {
    name: "Code block",
    shows: [CodeBlock],
    states: [
      { name: "text", node: <CodeBlock label="Body" text={json} /> },
      {
        name: "with headers",
        node: (
          <CodeBlock
            label="Request"
            firstLine="POST /hooks/orders"
            head={[
              { name: "content-type", value: "application/json" },
              { name: "webhook-id", value: "evt_42" },
            ]}
            text={json}
          />
        ),
      },
      {
        name: "markup is text",
        node: <CodeBlock label="Body" text={'<img src=x onerror="alert(1)">'} />,
      },
    ],
  },
  {
    name: "Copy button",
    shows: [CopyButton],
    states: [{ name: "usual", node: <CopyButton text="evt_42" label="Copy id" /> }],
  },
  {
    name: "Secret text",
    shows: [SecretText],
    states: [
      { name: "short", node: <SecretText text="whsec_4Xq" copy="Copy secret" testId="secret" /> },
      {
        name: "long",
        node: <SecretText text={`wh_${"0123456789abcdef".repeat(8)}`} copy="Copy token" testId="token" />,
      },
    ],
  },
  {
    name: "Sparkline",
    shows: [Sparkline],
    states: [
      ...(["plain", "accent", "warn", "bad"] as const).map((tone) => ({
        name: tone,
        node: (
          <div className="parts-chart">
            <Sparkline values={trend} label={`A trend, ${tone}`} tone={tone} />
          </div>
        ),
      })),
      {
        name: "gap, threshold and changes",
        node: (
          <div className="parts-chart">
            <Sparkline
              values={[...trend.slice(0, 4), null, null, ...trend.slice(6)]}
              label="A trend with a gap"
              threshold={10}
              marks={[
                { at: 0.3, text: "orders 4.1.0 deployed" },
                { at: 0.7, text: "Maintenance planned" },
              ]}
            />
          </div>
        ),
      },
      {
        name: "no data yet",
        node: (
          <div className="parts-chart">
            <Sparkline values={[null, null]} label="A trend" />
          </div>
        ),
      },
    ],
  },
];
