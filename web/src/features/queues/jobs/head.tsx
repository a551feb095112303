import { useQuery } from "@tanstack/react-query";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { JobList } from "@wheelhouse/shared/queues/jobs.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import type { ReactNode } from "react";
import { formatCount, formatPercent, formatRate, formatSpan } from "#lib/format.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { Button } from "#ui/page/button.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { DrainsIn, failureRatio, QueueStatus } from "../columns.tsx";
import { queueQuery } from "../queries.ts";
import type { QueueView } from "../views.ts";
import { ActsMenu } from "./acts-menu.ts";
import type { Ask, QueueAsked } from "./asked.ts";
import css from "./jobs.module.css";
import { tookText } from "./words.ts";

const limitNote = ({ rateLimit }: JobList): string =>
  rateLimit === null ? "none" : `${formatCount(rateLimit.max)} per ${formatSpan(rateLimit.durationMs)}`;

/** Acts on the queue: pause or resume at hand, the rest in a menu. */
const QueueActs = ({ list, ask }: { list: JobList; ask: Ask }) => {
  const { counts, concurrency, paused } = list;
  const open = (act: QueueAsked) => () => ask({ about: "queue", act });
  const waiting = counts.waiting + counts.prioritized + counts.paused;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <Button onClick={open(paused ? "resume" : "pause")}>{paused ? "Resume queue…" : "Pause queue…"}</Button>
      <MenuSlot button={(opener) => <Button {...opener}>More ▾</Button>}>
        <ActsMenu
          label="More"
          name="Acts on the queue"
          items={[
            { id: "add", label: "Add job…", onSelect: open("add") },
            {
              id: "limits",
              label: "Set concurrency and rate limit…",
              note: concurrency === null ? limitNote(list) : `${formatCount(concurrency)} at once`,
              onSelect: open("limits"),
            },
            {
              id: "clean",
              label: "Clean jobs…",
              opensGroup: true,
              isDisabled: total === 0,
              onSelect: open("clean"),
            },
            {
              id: "drain",
              label: "Drain waiting jobs…",
              note: formatCount(waiting),
              isDisabled: waiting + counts.delayed === 0,
              onSelect: open("drain"),
            },
            {
              id: "obliterate",
              label: "Obliterate queue…",
              isDestructive: true,
              onSelect: open("obliterate"),
            },
          ]}
        />
      </MenuSlot>
    </>
  );
};

const versionOf = (library: string | null): string =>
  library === null ? "BullMQ, before 5.13" : library.replace(/^bullmq[^:]*:/, "BullMQ ");

const QueueLine = (props: {
  view: QueueView;
  list: JobList | undefined;
  freshness: Freshness["state"];
  ask: Ask | null;
}) => {
  const { view, list, freshness, ask } = props;
  const { row } = view;
  return (
    <section className={css.head} aria-label="Queue">
      <div className={css.headRow}>
        <QueueStatus view={view} freshness={freshness} />
        <span className={css.cause}>
          <b>{row.cause ?? (row.state === "ok" ? "No problem" : row.label)}</b>{" "}
          <span className="c2">
            since <Time at={row.since} />, <Age at={row.since} short />
          </span>
        </span>
        <span className="grow" />
        {list !== undefined && list.readOnly !== null && <span className="c3">{list.readOnly}</span>}
        {list !== undefined && list.readOnly === null && ask !== null && <QueueActs list={list} ask={ask} />}
      </div>
      <p className="c2 cut">
        {list === undefined ? "BullMQ" : versionOf(list.library)} on {row.source}, prefix{" "}
        <span className="mono">{row.prefix}</span>
      </p>
    </section>
  );
};

type Meter = {
  name: string;
  note: string;
  values: readonly (number | null)[];
  tone: "plain" | "bad" | "warn";
};

const MeterHead = ({ name, note, values, tone }: Meter) => (
  <>
    <div className={css.meterHead}>
      <h2 className="h">{name}</h2>
      <span className="c3 t12">{note}</span>
    </div>
    <div className={css.spark}>
      <Sparkline values={values} height={24} tone={tone} label={`${name}, ${note}`} />
    </div>
  </>
);

const perMinute = (value: number | null) => (value === null ? "–" : `${formatRate(value)} /m`);
const isLate = ({ label }: QueueRow): boolean => label === "Old jobs" || label === "No worker";

const Percentiles = ({ of, isLate: late = false }: { of: QueueRow["wait"]; isLate?: boolean }) =>
  (["p50", "p95", "p99"] as const).map((name) => (
    <span key={name}>
      {name}{" "}
      <b className={late && name === "p95" ? "tx-warn" : ""}>
        {of == null ? "–" : tookText(Math.round(of[name]))}
      </b>
    </span>
  ));

const waitingNote = (row: QueueRow): string => {
  const waiting = `${formatCount(row.counts.waiting + row.counts.prioritized)} waiting`;
  return row.oldestWaitingMs === null ? waiting : `${waiting}, oldest ${formatSpan(row.oldestWaitingMs)}`;
};

const PlainMeter = (props: {
  name: string;
  note?: string;
  facts: readonly (readonly [string, ReactNode])[];
  isBad?: boolean;
}) => (
  <div className={css.plainMeter}>
    <div className={css.meterHead}>
      <h2 className="h">{props.name}</h2>
      <span className="c3 t12">{props.note}</span>
    </div>
    {props.facts.map(([label, value]) => (
      <div key={label} className="fact">
        <span>{label}</span>
        <b className={props.isBad === true ? "tx-warn" : ""}>{value}</b>
      </div>
    ))}
  </div>
);

const Meters = ({ organization, row }: { organization: string; row: QueueRow }) => {
  const { data } = useQuery(queueQuery(organization, row.id));
  const ratio = failureRatio(row);
  return (
    <div className={css.meters}>
      <div>
        <MeterHead
          name="Wait"
          note={waitingNote(row)}
          values={data?.waiting.values ?? []}
          tone={row.state === "down" ? "bad" : isLate(row) ? "warn" : "plain"}
        />
        <div className={css.figures}>
          <Percentiles of={row.wait} isLate={isLate(row)} />
        </div>
      </div>
      <div>
        <MeterHead
          name="Run"
          note={`${perMinute(row.completedPerMinute)} finished`}
          values={data?.completedPerMinute.values ?? []}
          tone="plain"
        />
        <div className={css.figures}>
          <Percentiles of={row.run} />
        </div>
      </div>
      <PlainMeter
        name="Failed"
        note="last minute"
        isBad={row.label === "Failing"}
        facts={[
          ["Rate", perMinute(row.failedPerMinute)],
          ["Share", ratio === null ? "–" : formatPercent(ratio)],
        ]}
      />
      <PlainMeter
        name="Workers"
        facts={[
          ["Connected", <Count key="workers" value={row.workers} />],
          ["Drains in", <DrainsIn key="drains" row={row} />],
        ]}
      />
    </div>
  );
};

/** What the queue is and how it does, above its jobs. `ask`: null without permission. */
export const QueueHead = (props: {
  organization: string;
  view: QueueView;
  list: JobList | undefined;
  freshness: Freshness["state"];
  ask: Ask | null;
}) => (
  <>
    <QueueLine view={props.view} list={props.list} freshness={props.freshness} ask={props.ask} />
    <Meters organization={props.organization} row={props.view.row} />
  </>
);
