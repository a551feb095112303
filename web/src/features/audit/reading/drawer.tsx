import { useQuery } from "@tanstack/react-query";
import type { AuditEvent, AuditEventDetail } from "@wheelhouse/shared/audit/audit.ts";
import type { ReactNode } from "react";
import { ApiError } from "#lib/api/api.ts";
import { formatCount, formatDate, formatTimeParts, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Empty, Failure, Panel, type PanelQuery, Skeleton } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import css from "../audit.module.css";
import { actorKind, authMethod } from "../filter.ts";
import { auditEventQuery } from "../queries.ts";
import type { AuditSearch } from "../search.ts";
import { shortHash } from "./diff.ts";
import { AuditDiff } from "./diff-table.tsx";
import { Outcome } from "./table.tsx";

type Address = PageAddress<AuditSearch>;

const Moment = ({ at }: { at: string }) => {
  const { zone } = usePreferences();
  return (
    <time dateTime={at}>
      {formatDate(at, zone)} {formatTimeParts(at, zone).join("")} {zoneName(zone)}
    </time>
  );
};

const actorText = ({ display, type, authMethod: method }: AuditEvent["actor"]): string => {
  const kind = type === "user" ? [] : [actorKind[type]];
  const how = method === "none" && type === "anonymous" ? [] : [authMethod[method]];
  return [display, ...kind, ...how].join(", ");
};

const Targets = ({ event, address }: { event: AuditEvent; address: Address }) =>
  event.targets.length === 0 ? (
    <span className="zero">–</span>
  ) : (
    event.targets.map(({ type, id, name }) => (
      <div key={`${type} ${id}`} className={css.wrap}>
        <AddressLink className="link" address={address} to={{ target: id }} title={id}>
          {name}
        </AddressLink>{" "}
        <span className="c3">{type}</span>
      </div>
    ))
  );

const factsOf = (event: AuditEvent, address: Address) => [
  { label: "Time", value: <Moment at={event.recordedAt} /> },
  { label: "Actor", value: actorText(event.actor) },
  {
    label: event.targets.length > 1 ? "Targets" : "Target",
    value: <Targets event={event} address={address} />,
  },
  { label: "Organization", value: event.organizationName },
  ...(event.reason === null
    ? []
    : [{ label: "Reason", value: <span className={css.wrap}>“{event.reason}”</span> }]),
  {
    label: "Address",
    value: (
      <>
        {event.address ?? <span className="zero">–</span>}
        {event.userAgent !== null && <div className={`c3 t12 ${css.wrap}`}>{event.userAgent}</div>}
      </>
    ),
  },
  {
    label: "Request",
    value:
      event.requestId === null ? (
        <span className="zero">–</span>
      ) : (
        <span className="mono">{event.requestId}</span>
      ),
  },
];

const Proof = ({ proof }: { proof: AuditEventDetail["proof"] }) => {
  if (proof === null)
    return <p className="c2">Not sealed yet: the event enters the chain when its change commits.</p>;
  const hashes = [
    { label: "content", hash: proof.contentHash },
    { label: "previous", hash: proof.previousHash },
    { label: "this", hash: proof.hash },
    ...(proof.nextHash === null ? [] : [{ label: "next", hash: proof.nextHash }]),
  ];
  return (
    <dl className={`kv mono ${css.hashes}`}>
      {hashes.map(({ label, hash }) => (
        <div key={label} className="kv-row">
          <dt>{label}</dt>
          <dd title={hash}>{shortHash(hash)}</dd>
        </div>
      ))}
      {proof.nextHash === null && (
        <div className="kv-row">
          <dt>next</dt>
          <dd className="c3">none yet, this is the newest event</dd>
        </div>
      )}
    </dl>
  );
};

const State = ({ event }: { event: AuditEvent }) => (
  <>
    <Outcome outcome={event.outcome} />
    <span>{event.seq === null ? "Being sealed" : `Event ${formatCount(event.seq)}`}</span>
    <CopyButton text={location.href} label="Copy link" />
  </>
);

const Foot = (props: { event: AuditEvent; address: Address; acts: ReactNode }) => {
  const { event, address, acts } = props;
  const [target] = event.targets;
  return (
    <>
      {acts}
      <span className="grow" />
      <AddressLink
        className="btn ghost"
        address={address}
        to={{ actor: [event.actor.id ?? event.actor.display] }}
      >
        Same actor
      </AddressLink>
      {target !== undefined && (
        <AddressLink className="btn ghost" address={address} to={{ target: target.id }}>
          Same target
        </AddressLink>
      )}
    </>
  );
};

const ProofOf = ({ query }: { query: PanelQuery<AuditEventDetail> }) =>
  query.data !== undefined ? (
    <Proof proof={query.data.proof} />
  ) : query.error !== null ? (
    <Failure name="The proof" error={query.error} isFetching={query.isFetching} onRetry={query.refetch} />
  ) : (
    <Skeleton rows={3} label="proof" />
  );

/** One event: facts, changes and its place in the chain. Open as long as the URL names an event. */
export const AuditDrawer = (props: {
  organization: string;
  id: string;
  events: readonly AuditEvent[];
  address: Address;
  /** Review notes above the facts, and review actions in the footer. */
  review?: { state: ReactNode; acts: ReactNode } | undefined;
}) => {
  const { organization, id, events, address, review } = props;
  const query = useQuery(auditEventQuery(organization, id));
  const at = events.findIndex((candidate) => candidate.id === id);
  const event = events[at] ?? query.data;
  const open = (index: number) => {
    const next = events[index];
    return at === -1 || next === undefined
      ? undefined
      : () => address.go({ ...address.search, event: next.id }, { replace: true });
  };
  const isGone = query.error instanceof ApiError && query.error.code === "not_found";
  return (
    <Drawer
      label={event?.seq == null ? "Audit event" : `Audit event ${formatCount(event.seq)}`}
      title={
        event === undefined ? "Audit event" : <span className={`mono ${css.title}`}>{event.action}</span>
      }
      status={event === undefined ? undefined : <State event={event} />}
      onPrevious={open(at - 1)}
      onNext={open(at + 1)}
      onClose={() => address.go({ ...address.search, event: undefined })}
      footer={event !== undefined && <Foot event={event} address={address} acts={review?.acts} />}
    >
      {event === undefined ? (
        isGone ? (
          <Empty title="Cannot show this event">{query.error?.message}</Empty>
        ) : (
          <Panel name="The event" query={query} skeletonRows={8}>
            {() => null}
          </Panel>
        )
      ) : (
        <>
          {review?.state}
          <Facts facts={factsOf(event, address)} />
          <AuditDiff key={event.id} event={event} />
          <div className={`sec-h ${css.partHead}`}>
            <h3 className="h">Proof</h3>
          </div>
          <ProofOf query={query} />
        </>
      )}
    </Drawer>
  );
};
