import { useQuery } from "@tanstack/react-query";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatSpan } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { HistoryJournal } from "#ui/chart/history-journal.tsx";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { MaintenanceDialog } from "./maintenance-dialog.tsx";
import { ServiceHistory } from "./service-history.tsx";
import { Components, Conditions, Instances } from "./service-parts.tsx";
import { ServerFigures } from "./service-server.tsx";
import styles from "./services.module.css";
import { ServiceStatus } from "./services-list.tsx";
import { serviceQuery, useCheckService, useEndMaintenance } from "./services-queries.ts";
import type { ServiceView } from "./services-view.ts";

const Planned = ({ organization, detail }: { organization: string; detail: ServiceDetail }) => {
  const end = useEndMaintenance(organization);
  const may = useCan(organization, "health:act");
  return (
    <>
      {detail.maintenance.map(({ id, startsAt, endsAt, reason, createdBy }) => (
        <Note key={id} title={`Maintenance: ${reason}.`}>
          <div className="t12 c2">
            <Time at={startsAt} full /> to <Time at={endsAt} full />, by {createdBy}.{" "}
            {may && (
              <button type="button" className="link" disabled={end.isPending} onClick={() => end.mutate(id)}>
                End now
              </button>
            )}
          </div>
        </Note>
      ))}
      {end.error !== null && <ActError title="The maintenance was not ended." error={end.error} />}
    </>
  );
};

const kinds = { service: "Service", redis: "Redis", postgres: "Postgres", external: "External" } as const;

type ServiceRow = ServiceView["row"];
type Links = { views: readonly ServiceView[]; onOpen: (id: string) => void };

/** Services by name, each linking to its drawer. */
const ServiceLinks = ({ ids, links }: { ids: readonly string[]; links: Links }) => {
  const names = new Map(links.views.map((each) => [each.row.id, each.row.name]));
  if (ids.length === 0) return "none";
  return ids.map((each, index) => (
    <span key={each}>
      {index > 0 && ", "}
      {names.has(each) ? (
        <button type="button" className="link" onClick={() => links.onOpen(each)}>
          {names.get(each)}
        </button>
      ) : (
        `${each} (not watched)`
      )}
    </span>
  ));
};

const State = ({ view, freshness }: { view: ServiceView; freshness: Freshness }) => {
  const { row } = view;
  return (
    <>
      <ServiceStatus view={view} currency={freshness.state} />
      <span>
        since <Time at={row.since} full />, <Age at={row.since} suffix="ago" />
      </span>
      <span className="grow" />
      {row.runbookUrl !== null && (
        <a className="link" href={row.runbookUrl} target="_blank" rel="noreferrer">
          Runbook
        </a>
      )}
    </>
  );
};

const Foot = (props: {
  onCheck: (() => void) | null;
  isChecking: boolean;
  onPlan: (() => void) | null;
  onShowGraph: () => void;
}) => (
  <>
    {props.onCheck !== null && (
      <Button disabled={props.isChecking} onClick={props.onCheck}>
        Check now
      </Button>
    )}
    {props.onPlan !== null && <Button onClick={props.onPlan}>Plan maintenance…</Button>}
    <span className="grow" />
    <Button variant="ghost" onClick={props.onShowGraph}>
      Show in graph
    </Button>
  </>
);

/** What is wrong, its root cause and what it affects. */
const Trouble = ({ row, links }: { row: ServiceRow; links: Links }) => {
  const root = row.state !== "ok" && row.explainedBy !== null ? row.explainedBy : null;
  return (
    <Note tone={row.state === "down" && root === null ? "bad" : "warn"} title={`${row.cause ?? row.label}.`}>
      {root === null ? null : (
        <>
          Affected by <ServiceLinks ids={[root]} links={links} />.
        </>
      )}
      {row.affects > 0 ? `Affects ${row.affects} other ${row.affects === 1 ? "check" : "checks"}.` : null}
    </Note>
  );
};

const factsOf = (row: ServiceRow, detail: ServiceDetail | undefined, links: Links) => [
  {
    label: "Kind",
    value: row.group === null ? kinds[row.kind] : `${kinds[row.kind]}, ${row.group}`,
  },
  { label: "Owner", value: row.owner ?? "–" },
  { label: "Address", value: row.target ?? (row.kind === "service" ? "sends heartbeats" : "–") },
  { label: "Version", value: row.version ?? "–" },
  {
    label: "Checked",
    value:
      row.observedAt === null ? (
        "not yet"
      ) : (
        <>
          <Age at={row.observedAt} suffix="ago" />, every {formatSpan(row.intervalMs)}
        </>
      ),
  },
  { label: "Depends on", value: <ServiceLinks ids={row.dependsOn} links={links} /> },
  ...(row.consumes?.length ? [{ label: "Works on queues", value: row.consumes.join(", ") }] : []),
  ...(detail ? [{ label: "Dependents", value: <ServiceLinks ids={detail.calledBy} links={links} /> }] : []),
  ...(row.certificateExpiresAt === null
    ? []
    : [{ label: "Certificate expires", value: <Time at={row.certificateExpiresAt} full /> }]),
];

const Detail = (props: {
  organization: string;
  view: ServiceView;
  detail: ServiceDetail;
  isPast: boolean;
}) => {
  const { organization, view, detail, isPast } = props;
  return (
    <>
      <Planned organization={organization} detail={detail} />
      <ServerFigures server={detail.server} />
      <Instances view={view} detail={detail} />
      {isPast && view.row.kind === "service" && (
        <p className={`c3 t12 ${styles.section}`}>
          {detail.instances.some(({ components, conditions }) => components.length + conditions.length > 0)
            ? "Values of healthy components and conditions are not kept in the history."
            : "Components and conditions were not recorded at that time."}
        </p>
      )}
      {detail.instances.map((instance) => (
        <div key={instance.id}>
          <Components instance={instance} isOnly={detail.instances.length === 1} />
          <Conditions instance={instance} isOnly={detail.instances.length === 1} />
        </div>
      ))}
    </>
  );
};

/** Details of one service, beside the list. */
export const ServiceDrawer = (props: {
  organization: string;
  id: string;
  view: ServiceView | undefined;
  views: readonly ServiceView[];
  freshness: Freshness;
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onOpen: (id: string) => void;
  onShowGraph: () => void;
  onClose: () => void;
}) => {
  const { organization, id, view, views, freshness, onOpen, onShowGraph, ...drawer } = props;
  const [isPlanning, setPlanning] = useState(false);
  const moment = useMoment();
  const isPast = moment !== null;
  const detail = useQuery({ ...serviceQuery(organization, id, moment), enabled: view !== undefined });
  const check = useCheckService(organization);
  const may = useCan(organization, "health:act") && !isPast;
  if (view === undefined)
    return (
      <Drawer label="Service" title={id} {...drawer}>
        <Empty title="Service not found">It is no longer watched, or belongs to another organization.</Empty>
      </Drawer>
    );
  const { row } = view;
  const isFresh = freshness.state === "fresh";
  const links = { views, onOpen };
  return (
    <Drawer
      label={`Service ${row.name}`}
      title={row.name}
      status={<State view={view} freshness={freshness} />}
      footer={
        <Foot
          onCheck={may && row.kind === "service" && row.target !== null ? () => check.mutate(id) : null}
          isChecking={check.isPending}
          onPlan={may ? () => setPlanning(true) : null}
          onShowGraph={onShowGraph}
        />
      }
      {...drawer}
    >
      {check.error !== null && <ActError title="The check failed to run." error={check.error} />}
      {isFresh && row.state !== "ok" && row.maintenance === null && <Trouble row={row} links={links} />}
      <div className={isFresh ? "" : "is-dim"}>
        <div className={styles.section}>
          <Facts facts={factsOf(row, detail.data, links)} />
        </div>
        <Panel name="Service details" query={detail} skeletonRows={6}>
          {(data) => <Detail organization={organization} view={view} detail={data} isPast={isPast} />}
        </Panel>
      </div>
      <ServiceHistory key={id} organization={organization} row={row} />
      <HistoryJournal organization={organization} kind="health" id={id} />
      {isPlanning && (
        <MaintenanceDialog organization={organization} service={row} onClose={() => setPlanning(false)} />
      )}
    </Drawer>
  );
};
