import { useQuery } from "@tanstack/react-query";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { ServiceDetail } from "@wheelhouse/shared/health.ts";
import { useState } from "react";
import { formatSpan } from "#lib/format.ts";
import { useMoment } from "#lib/moment.ts";
import { useCan } from "#lib/session.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Drawer } from "#ui/drawer.tsx";
import { HistoryJournal } from "#ui/history-journal.tsx";
import { Note } from "#ui/note.tsx";
import { Empty, Panel } from "#ui/panel.tsx";
import { Facts } from "#ui/quantity.tsx";
import { Age, Time } from "#ui/time.tsx";
import { MaintenanceDialog } from "./health-maintenance-dialog.tsx";
import { ServiceHistory } from "./health-service-history.tsx";
import { Components, Conditions, Instances } from "./health-service-parts.tsx";
import { ServerFigures } from "./health-service-server.tsx";
import styles from "./health-services.module.css";
import { ServiceStatus } from "./health-services-list.tsx";
import { serviceQuery, useCheckService, useEndMaintenance } from "./health-services-queries.ts";
import type { ServiceView } from "./health-services-view.ts";

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
                End it now
              </button>
            )}
          </div>
        </Note>
      ))}
      {end.error !== null && <ActError title="It was not ended." error={end.error} />}
    </>
  );
};

const kinds = { service: "Service", redis: "Redis", postgres: "Postgres", external: "Outside" } as const;

/** Everything known of one service, beside the list. */
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
        <Empty title="This service is not there">
          It is not watched any more, or belongs to another organization.
        </Empty>
      </Drawer>
    );
  const { row } = view;
  const isFresh = freshness.state === "fresh";
  const names = new Map(views.map((each) => [each.row.id, each.row.name]));
  const links = (ids: readonly string[]) =>
    ids.length === 0
      ? "nothing"
      : ids.map((each, index) => (
          <span key={each}>
            {index > 0 && ", "}
            {names.has(each) ? (
              <button type="button" className="link" onClick={() => onOpen(each)}>
                {names.get(each)}
              </button>
            ) : (
              `${each} (not watched)`
            )}
          </span>
        ));
  const root = row.state !== "ok" && row.explainedBy !== null ? row.explainedBy : null;
  return (
    <Drawer
      label={`Service ${row.name}`}
      title={row.name}
      status={
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
      }
      footer={
        <>
          {may && row.kind === "service" && row.target !== null && (
            <Button disabled={check.isPending} onClick={() => check.mutate(id)}>
              Check now
            </Button>
          )}
          {may && <Button onClick={() => setPlanning(true)}>Plan maintenance…</Button>}
          <span className="grow" />
          <Button variant="ghost" onClick={onShowGraph}>
            Show in graph
          </Button>
        </>
      }
      {...drawer}
    >
      {check.error !== null && <ActError title="It was not asked." error={check.error} />}
      {isFresh && row.state !== "ok" && row.maintenance === null && (
        <Note
          tone={row.state === "down" && root === null ? "bad" : "warn"}
          title={`${row.cause ?? row.label}.`}
        >
          {root === null ? null : <>Affected by {links([root])}.</>}
          {row.affects > 0
            ? `It affects ${row.affects} other ${row.affects === 1 ? "check" : "checks"}.`
            : null}
        </Note>
      )}
      <div className={isFresh ? "" : "is-dim"}>
        <div className={styles.section}>
          <Facts
            facts={[
              {
                label: "Kind",
                value: row.group === null ? kinds[row.kind] : `${kinds[row.kind]}, ${row.group}`,
              },
              { label: "Owner", value: row.owner ?? "–" },
              { label: "Address", value: row.target ?? (row.kind === "service" ? "reports by itself" : "–") },
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
              { label: "Calls", value: links(row.dependsOn) },
              ...(detail.data ? [{ label: "Called by", value: links(detail.data.calledBy) }] : []),
              ...(row.certificateExpiresAt === null
                ? []
                : [{ label: "Certificate until", value: <Time at={row.certificateExpiresAt} full /> }]),
            ]}
          />
        </div>
        <Panel name="Its detail" query={detail} skeletonRows={6}>
          {(data) => (
            <>
              <Planned organization={organization} detail={data} />
              <ServerFigures server={data.server} />
              <Instances view={view} detail={data} />
              {isPast && row.kind === "service" && (
                <p className={`c3 t12 ${styles.section}`}>
                  {data.instances.some(
                    ({ components, conditions }) => components.length + conditions.length > 0,
                  )
                    ? "Of components and conditions that were well the figures are not kept."
                    : "Nothing is kept of what its instances told of their components then."}
                </p>
              )}
              {data.instances.map((instance) => (
                <div key={instance.id}>
                  <Components instance={instance} isOnly={data.instances.length === 1} />
                  <Conditions instance={instance} isOnly={data.instances.length === 1} />
                </div>
              ))}
            </>
          )}
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
