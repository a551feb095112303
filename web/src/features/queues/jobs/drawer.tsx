import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { JobDetail, JobPayload, JobRelative } from "@wheelhouse/shared/queues/jobs.ts";
import { type ReactNode, useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatBytes, formatCount, formatPlural, formatSpan } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty, Failure, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, PreciseTime, Time } from "#ui/text/time.tsx";
import { codeOf, jsonOf, PayloadTree } from "../payload/payload.ts";
import { ActsMenu } from "./acts-menu.ts";
import type { Ask, JobAsked } from "./asked.ts";
import css from "./jobs.module.css";
import { jobQuery, logsQuery, payloadQuery } from "./queries.ts";
import type { JobsSearch } from "./search.ts";
import { errorParts, progressOf, stateTones, stateWords, tookText } from "./words.ts";

type Queue = { id: string; name: string; prefix: string; source: string };
type Address = PageAddress<JobsSearch>;

/** Larger payloads are read only when somebody asks for them. */
const readAtOnceBytes = 64 * 1024;

const Section = (props: { name: string; note?: ReactNode; acts?: ReactNode; children: ReactNode }) => (
  <section className={css.section} aria-label={props.name}>
    <div className="sec-h">
      <h3 className="h">{props.name}</h3>
      <span className="c3 t12 grow">{props.note}</span>
      {props.acts}
    </div>
    {props.children}
  </section>
);

const Progress = ({ json }: { json: string }) => {
  const { ratio, text } = progressOf(json);
  return (
    <span className={css.progress}>
      {ratio !== null && (
        <span className="meter" role="img" aria-label={text}>
          <i className="acc" style={{ width: `${ratio * 100}%` }} />
        </span>
      )}
      <span className="c2 cut">{text}</span>
    </span>
  );
};

const spanBetween = (from: string | null, to: string | null): string | null =>
  from === null || to === null ? null : tookText(Math.max(0, Date.parse(to) - Date.parse(from)));

const lineageWords: Record<string, string> = {
  "queues.jobs.retry": "retried",
  "queues.jobs.promote": "promoted",
  "queues.jobs.remove": "removed",
  "queues.jobs.move": "moved",
  "queues.jobs.delay": "delay changed",
  "queues.jobs.priority": "priority changed",
  "queues.job.copy": "copied",
};

const Lineage = ({ job, address }: { job: JobDetail; address: Address }) => (
  <>
    {job.lineage.map(({ operation, kind, by, at, outcome, copyOf, copiedTo }) => (
      <div key={operation}>
        {copyOf === null ? (
          (lineageWords[kind] ?? kind)
        ) : (
          <>
            {kind === "queues.jobs.move" ? "moved from " : "copy of "}
            <AddressLink className="link mono" address={address} to={{ queue: copyOf.queue, job: copyOf.id }}>
              {copyOf.id}
            </AddressLink>
          </>
        )}
        {copiedTo !== null && (
          <>
            {" "}
            to{" "}
            <AddressLink
              className="link mono"
              address={address}
              to={{ queue: copiedTo.queue, job: copiedTo.id }}
            >
              {copiedTo.id}
            </AddressLink>
          </>
        )}{" "}
        by {by}, <Time at={at} />
        {outcome !== "done" && (
          <span className="tx-warn"> {outcome === "refused" ? "refused" : "outcome unknown"}</span>
        )}
      </div>
    ))}
  </>
);

const encodePart = (part: string) => encodeURIComponent(part).replaceAll("~", "%7E");

/** The schedule that made a job, by the id that the list of schedules gives it. */
const ScheduleLink = (props: { organization: string; queue: Queue; schedule: string }) => {
  const { organization, queue, schedule } = props;
  const id = [queue.source, queue.prefix, queue.name, schedule].map(encodePart).join("~");
  return (
    <PageLink className="link" href={`/o/${organization}/schedules?schedule=${encodeURIComponent(id)}`}>
      {schedule}
    </PageLink>
  );
};

const factsOf = (organization: string, queue: Queue, job: JobDetail, address: Address) => {
  const waited = spanBetween(job.addedAt, job.processedAt);
  const ran = spanBetween(job.processedAt, job.finishedAt);
  return [
    {
      label: "Added",
      value: (
        <>
          {job.addedAt === null ? "unknown" : <Time at={job.addedAt} full />}
          {job.schedule !== null && (
            <>
              {" "}
              by schedule <ScheduleLink organization={organization} queue={queue} schedule={job.schedule} />
            </>
          )}
          , priority {job.priority}
          {job.delayMs > 0 && <>, delay {formatSpan(job.delayMs)}</>}
        </>
      ),
    },
    ...(job.dueAt === null ? [] : [{ label: "Due", value: <Time at={job.dueAt} full /> }]),
    ...(waited === null
      ? []
      : [
          {
            label: ran === null ? "Waited" : "Waited, ran",
            value: `${waited}${ran === null ? "" : `, ${ran}`}${job.worker === null ? "" : ` on ${job.worker}`}`,
          },
        ]),
    ...(job.progress === null ? [] : [{ label: "Progress", value: <Progress json={job.progress} /> }]),
    ...(job.deduplication === null
      ? []
      : [{ label: "De-duplication", value: <span className="mono">{job.deduplication}</span> }]),
    ...(job.stalled === 0
      ? []
      : [{ label: "Stalled", value: `${formatPlural(job.stalled, "time")}: its worker stopped answering` }]),
    ...(job.isLocked === false
      ? [{ label: "Lock", value: "no worker holds it: it will be found stalled" }]
      : []),
    ...(job.lineage.length === 0
      ? []
      : [{ label: "Lineage", value: <Lineage job={job} address={address} /> }]),
  ];
};

const Trace = ({ trace, isOpen }: { trace: JobDetail["traces"][number]; isOpen: boolean }) => {
  const [open, setOpen] = useState(isOpen);
  const { lead, rest } = errorParts(trace.text);
  return (
    <li>
      <button type="button" className={css.attempt} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="c3">{trace.attempt ?? "–"}</span>
        <span className="cut">
          {lead !== "" && <b className="tx-down">{lead} </b>}
          {rest}
        </span>
        <span className="c3">{open ? "▾" : "▸"}</span>
      </button>
      {open && (
        <>
          <CodeBlock label={`Stack trace of attempt ${trace.attempt ?? "unknown"}`} text={trace.text} />
          {trace.isCut && <p className="c3 t12">The first part of {formatBytes(trace.bytes)}</p>}
        </>
      )}
    </li>
  );
};

const Attempts = ({ job }: { job: JobDetail }) => {
  const { traces, tracesLeft, attemptsMade, attempts, failedReason } = job;
  const newest = traces[0];
  if (attemptsMade === 0 && traces.length === 0 && failedReason === null) return null;
  const of = attempts === null ? "" : ` of ${attempts}`;
  return (
    <Section
      name="Attempts"
      note={`${attemptsMade}${of}${traces.length > 1 ? ", newest first" : ""}`}
      acts={newest === undefined ? undefined : <CopyButton text={newest.text} label="Copy trace" />}
    >
      {traces.length === 0 && failedReason !== null && <CodeBlock label="Error" text={failedReason.text} />}
      {traces.length === 0 && failedReason === null && <p className="c2">No attempt has failed.</p>}
      <ol className={css.attempts}>
        {traces.map((trace, index) => (
          <Trace key={`${trace.attempt} ${trace.text.slice(0, 80)}`} trace={trace} isOpen={index === 0} />
        ))}
      </ol>
      {tracesLeft > 0 && <p className="c3 t12">{formatPlural(tracesLeft, "older trace")} not shown</p>}
    </Section>
  );
};

const Part = ({ label, part }: { label: string; part: JobPayload["data"] }) =>
  part.isJson ? (
    <PayloadTree label={label} text={part.text} />
  ) : (
    <>
      <p className="c2 t12">
        {part.isCut
          ? `The first MiB of ${formatBytes(part.bytes)}, as text`
          : "This is not JSON. It is shown as it is stored."}
      </p>
      <CodeBlock label={label} text={part.text.slice(0, 20_000)} />
    </>
  );

const Payload = ({ organization, queue, job }: { organization: string; queue: Queue; job: JobDetail }) => {
  const mayRead = useCan(organization, "queues:payload");
  const [isWanted, setWanted] = useState(job.dataBytes + job.resultBytes <= readAtOnceBytes);
  const payload = useQuery({ ...payloadQuery(organization, queue.id, job.id), enabled: mayRead && isWanted });
  const data = payload.data?.data;
  const result = payload.data?.result ?? null;
  return (
    <Section
      name="Payload"
      note={formatBytes(job.dataBytes)}
      acts={
        data !== undefined &&
        !data.isCut && (
          <>
            <CopyButton text={jsonOf(job, data.text)} label="Copy JSON" />
            <CopyButton text={codeOf(job, data.text, queue)} label="Copy as code" />
          </>
        )
      }
    >
      {!mayRead && (
        <p className="c2">
          You don't have access to payloads. Ask an admin for “Read payloads and logs of jobs”.
        </p>
      )}
      {mayRead && !isWanted && (
        <Button onClick={() => setWanted(true)}>Show payload, {formatBytes(job.dataBytes)}</Button>
      )}
      {mayRead && isWanted && (
        <Panel name="The payload" query={payload} skeletonRows={4}>
          {(read) => (
            <>
              <Part label="Data" part={read.data} />
              {result !== null && (
                <>
                  <h4 className={`h ${css.result}`}>Result</h4>
                  <Part label="Result" part={result} />
                </>
              )}
            </>
          )}
        </Panel>
      )}
    </Section>
  );
};

const Logs = ({ organization, queue, job }: { organization: string; queue: Queue; job: JobDetail }) => {
  const mayRead = useCan(organization, "queues:payload");
  const logs = useInfiniteQuery({
    ...logsQuery(organization, queue.id, job.id, job.state === "active"),
    enabled: mayRead && job.logs > 0,
  });
  if (job.logs === 0 || !mayRead) return null;
  const lines = logs.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Section name="Logs" note={`${formatPlural(job.logs, "line")}, newest first`}>
      <Panel name="The logs" query={logs} skeletonRows={3}>
        {() => (
          <>
            <ol className={css.log}>
              {lines.map(({ line, text, isCut }) => (
                <li key={line}>
                  <span className="c3">{formatCount(line)}</span>
                  <span>
                    {text}
                    {isCut && <i className="c3"> …</i>}
                  </span>
                </li>
              ))}
            </ol>
            {logs.hasNextPage && (
              <LoadOlder name="Older lines" list={logs}>
                {formatCount(lines.length)} of {formatCount(job.logs)}
              </LoadOlder>
            )}
          </>
        )}
      </Panel>
    </Section>
  );
};

const relativeTone = { unfinished: "neutral", completed: "ok", failed: "down", ignored: "degraded" } as const;
const relativeWords = {
  unfinished: "Not finished",
  completed: "Completed",
  failed: "Failed",
  ignored: "Failed, ignored",
} as const;

const Relative = (props: { job: JobRelative; address: Address; state: ReactNode; depth: number }) => {
  const { job, address, state, depth } = props;
  const name = job.name ?? "removed job";
  return (
    <li style={{ marginLeft: depth * 20 }} className={depth > 0 ? css.child : ""}>
      <span className="cut">
        {job.queue === null || job.name === null ? (
          <span className="c2">{name}</span>
        ) : (
          <AddressLink address={address} to={{ queue: job.queue, job: job.id }}>
            {name}
          </AddressLink>
        )}{" "}
        <span className="mono c3">{job.queue === null ? job.key : `${job.queue}:${job.id}`}</span>
      </span>
      {state}
    </li>
  );
};

const Flow = ({ job, address }: { job: JobDetail; address: Address }) => {
  const { parent, children, childCounts } = job;
  if (parent === null && children.length === 0) return null;
  const all = Object.values(childCounts).reduce((sum, count) => sum + count, 0);
  const own = parent === null ? 0 : 1;
  return (
    <Section
      name="Flow"
      note={`${parent === null ? "no parent" : "1 parent"}, ${formatPlural(all, "child", "children")}`}
    >
      <ul className={css.flow}>
        {parent !== null && (
          <Relative job={parent} address={address} depth={0} state={<span className="c3">parent</span>} />
        )}
        <li style={{ marginLeft: own * 20 }} className={own > 0 ? css.child : ""}>
          <span className="cut">
            <b>{job.name.text}</b> <span className="mono c3">{job.id}</span>
          </span>
          <Status tone={stateTones[job.state]} label={stateWords[job.state]} inRow />
        </li>
        {children.map((child) => (
          <Relative
            key={child.key}
            job={child}
            address={address}
            depth={own + 1}
            state={<Status tone={relativeTone[child.state]} label={relativeWords[child.state]} inRow />}
          />
        ))}
      </ul>
      {all > children.length && (
        <p className="c3 t12">
          {formatCount(all - children.length)} more, {formatCount(childCounts.unfinished)} not finished
        </p>
      )}
    </Section>
  );
};

const actsOf: Partial<Record<JobDetail["state"], readonly [JobAsked, string][]>> = {
  failed: [["retry", "Retry job…"]],
  completed: [["retry", "Run job again…"]],
  delayed: [["promote", "Promote job…"]],
};

const JobActs = ({ job, ask }: { job: JobDetail; ask: Ask }) => {
  const { state } = job;
  const open = (act: JobAsked) => () => ask({ about: "jobs", act, jobs: [job] });
  const isWaiting = ["waiting", "prioritized", "delayed", "paused"].includes(state);
  return (
    <>
      {actsOf[state]?.map(([act, label]) => (
        <Button key={act} onClick={open(act)}>
          {label}
        </Button>
      ))}
      <Button onClick={open("edit")}>{state === "failed" ? "Edit and retry…" : "Copy job…"}</Button>
      <MenuSlot button={(opener) => <Button {...opener}>More ▾</Button>}>
        <ActsMenu
          label="More"
          name="Acts on the job"
          items={[
            { id: "delay", label: "Change delay…", isDisabled: state !== "delayed", onSelect: open("delay") },
            { id: "priority", label: "Change priority…", isDisabled: !isWaiting, onSelect: open("priority") },
            {
              id: "move",
              label: "Move to another queue…",
              isDisabled: !isWaiting && state !== "failed",
              onSelect: open("move"),
            },
            {
              id: "remove",
              label: "Remove job…",
              opensGroup: true,
              isDestructive: true,
              isDisabled: state === "active",
              onSelect: open("remove"),
            },
          ]}
        />
      </MenuSlot>
    </>
  );
};

const StatusLine = ({ job }: { job: JobDetail }) => {
  const at = job.finishedAt ?? job.processedAt ?? job.addedAt;
  const isLast = job.attempts !== null && job.attemptsMade >= job.attempts;
  return (
    <>
      <Status tone={stateTones[job.state]} label={stateWords[job.state]} />
      <span>
        {at !== null && (
          <>
            <PreciseTime at={at} />, <Age at={at} short suffix="ago" />
          </>
        )}
        {job.state === "failed" && (isLast ? ". No attempt is planned." : ". It was failed for good.")}
      </span>
    </>
  );
};

/** One job: facts, attempts, payload, logs and flow, with its acts below. `ask`: null without permission. */
export const JobDrawer = (props: {
  organization: string;
  queue: Queue;
  jobId: string;
  ask: Ask | null;
  address: Address;
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onClose: () => void;
}) => {
  const { organization, queue, jobId, ask, address, ...place } = props;
  const query = useQuery(jobQuery(organization, queue.id, jobId));
  const { data: job, error } = query;
  const isGone = error instanceof ApiError && error.code === "not_found";
  if (job === undefined)
    return (
      <Drawer label={`Job ${jobId}`} title={isGone ? "No such job" : jobId} {...place}>
        {isGone ? (
          <Empty title="Job not found">
            {error.message.startsWith("This queue")
              ? error.message
              : "It was removed, or its queue keeps only newer ones."}
          </Empty>
        ) : error === null ? (
          <Panel name="The job" query={query} skeletonRows={8}>
            {() => null}
          </Panel>
        ) : (
          <Failure name="The job" error={error} isFetching={query.isFetching} onRetry={query.refetch} />
        )}
      </Drawer>
    );
  return (
    <Drawer
      label={`Job ${jobId}`}
      title={
        <>
          {job.name.text} <span className={`mono c2 ${css.titleId}`}>{job.id}</span>
        </>
      }
      status={<StatusLine job={job} />}
      footer={ask !== null && !isGone ? <JobActs job={job} ask={ask} /> : undefined}
      {...place}
    >
      {isGone && (
        <Note tone="warn" title="The job no longer exists.">
          This is what was known at <Time at={job.readAt} />.
        </Note>
      )}
      {error !== null && !isGone && (
        <Note tone="warn" title="The job could not be read again.">
          {error.message} This is what was known at <Time at={job.readAt} />.
        </Note>
      )}
      <Facts facts={factsOf(organization, queue, job, address)} />
      <Attempts job={job} />
      <Payload organization={organization} queue={queue} job={job} />
      <Logs organization={organization} queue={queue} job={job} />
      <Flow job={job} address={address} />
    </Drawer>
  );
};
