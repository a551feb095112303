import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import type { ReactNode } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatSpan } from "#lib/format.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { Origin, SourceStatus } from "./columns.tsx";
import { formatWords } from "./form.ts";
import { Heartbeats } from "./heartbeats.tsx";
import css from "./sources.module.css";
import { formatOf, kindWords, type SourceView } from "./view.ts";

type Fact = { label: string; value: ReactNode };

const isServer = ({ kind }: WatchedSource): boolean => kind === "redis" || kind === "postgres";

const definitionFacts = ({ definition }: WatchedSource): Fact[] => {
  if (definition === null) return [];
  if (definition.kind === "cache")
    return [
      { label: "Service", value: definition.service },
      { label: "Redis", value: definition.server },
      { label: "Prefix", value: <span className={`mono ${css.url}`}>{definition.prefix}</span> },
      {
        label: "Removable by",
        value: `key, pattern, prefix${definition.bentocache === null ? "" : ", tag"}`,
      },
      ...(definition.bentocache === null
        ? []
        : [{ label: "bentocache", value: `store ${definition.bentocache}` }]),
    ];
  const timeout = { label: "Timeout", value: formatSpan(definition.timeoutMs) };
  if (definition.kind === "prometheus")
    return [
      timeout,
      { label: "Address", value: <span className={`mono ${css.url}`}>{definition.url}</span> },
      { label: "Service", value: `${definition.service}, instance ${definition.instance}` },
    ];
  const {
    format,
    dependsOn,
    consumes,
    group,
    owner,
    runbookUrl,
    downAfter,
    upAfter,
    checkAgeMs,
    actuatorBreakers,
  } = definition;
  return [
    { label: "Format", value: formatWords[format] },
    timeout,
    { label: "Hysteresis", value: `down after ${downAfter}, up after ${upAfter} checks` },
    ...(checkAgeMs === null
      ? []
      : [{ label: "Results of parts", value: `up to ${formatSpan(checkAgeMs)} old` }]),
    { label: "Depends on", value: dependsOn.length === 0 ? "none" : dependsOn.join(", ") },
    ...(consumes.length === 0 ? [] : [{ label: "Works on queues", value: consumes.join(", ") }]),
    ...(group === null ? [] : [{ label: "Group", value: group }]),
    ...(owner === null ? [] : [{ label: "Owner", value: owner }]),
    ...(runbookUrl === null
      ? []
      : [
          {
            label: "Runbook",
            value: (
              <a className="link" href={runbookUrl} target="_blank" rel="noreferrer">
                {runbookUrl}
              </a>
            ),
          },
        ]),
    ...(actuatorBreakers ? [{ label: "Breakers", value: "also from Actuator" }] : []),
  ];
};

const Instances = ({ definition }: WatchedSource) => {
  if (definition?.kind !== "service" || definition.format === "push") return null;
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">Instances</h3>
        <span className="t12 c3">{definition.instances.length}</span>
      </div>
      <table className={css.mini}>
        <caption className="vh">Instances with their health URLs</caption>
        <tbody>
          {definition.instances.map(({ id, url }) => (
            <tr key={id}>
              <td>{id}</td>
              <td className={`mono c2 ${css.url}`}>{url}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

const Conditions = ({ definition }: WatchedSource) =>
  definition?.kind !== "service" || definition.conditions.length === 0 ? null : (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">Conditions</h3>
      </div>
      <ul className={css.conditions}>
        {definition.conditions.map((condition) => (
          <li key={condition} className="mono">
            {condition}
          </li>
        ))}
      </ul>
    </section>
  );

const factsOf = (view: SourceView): Fact[] => {
  const { source } = view;
  return [
    { label: "Id", value: <span className="mono">{source.id}</span> },
    { label: "Kind", value: kindWords[source.kind] },
    { label: "Declared in", value: <Origin view={view} /> },
    ...(source.definition === null
      ? [
          { label: "Format", value: formatOf(source) },
          { label: "Address", value: source.target ?? "Wheelhouse's own" },
          {
            label: "Timeout",
            value: source.timeoutMs == null ? "default" : `${source.timeoutMs / 1_000} s`,
          },
        ]
      : []),
    // A cache is not checked itself; its Redis server is.
    ...(source.kind === "cache" ? [] : [{ label: "Interval", value: formatSpan(source.intervalMs) }]),
    ...definitionFacts(source),
  ];
};

/** One source with its declaration. */
export const SourceDrawer = (props: {
  organization: string;
  id: string;
  view: SourceView | undefined;
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onShowService: () => void;
  onChange: () => void;
  onDelete: () => void;
  onClose: () => void;
}) => {
  const { organization, id, view, onShowService, onChange, onDelete, ...drawer } = props;
  const canManage = useCan(organization, "sources:manage");
  const canConnect = useCan(organization, "sources:connect");
  if (view === undefined)
    return (
      <Drawer label="Source" title={id} {...drawer}>
        <Empty title="Source not found">It is no longer watched, or belongs to another organization.</Empty>
      </Drawer>
    );
  const { source } = view;
  const { observedAt, cause, state } = source;
  const mayChange = source.origin === "api" && (isServer(source) ? canConnect : canManage);
  return (
    <Drawer
      label={`Source ${source.name}`}
      title={source.name}
      status={
        <>
          <SourceStatus view={view} />
          <span>
            {observedAt === null ? (
              "never read"
            ) : (
              <>
                last read <Time at={observedAt} full />, <Age at={observedAt} suffix="ago" />
              </>
            )}
          </span>
        </>
      }
      footer={
        <>
          {mayChange && <Button onClick={onChange}>Change…</Button>}
          {mayChange && <Button onClick={onDelete}>Delete…</Button>}
          <span className="grow" />
          {source.kind !== "prometheus" && source.kind !== "cache" && (
            <Button variant="ghost" onClick={onShowService}>
              Show in services
            </Button>
          )}
        </>
      }
      {...drawer}
    >
      {state !== "ok" && cause !== null && (
        <Note tone={state === "down" ? "bad" : "warn"} title={`${cause}.`} />
      )}
      <div className={css.section}>
        <Facts facts={factsOf(view)} />
      </div>
      <Heartbeats organization={organization} source={source} canManage={canManage} />
      <Instances {...source} />
      <Conditions {...source} />
    </Drawer>
  );
};
