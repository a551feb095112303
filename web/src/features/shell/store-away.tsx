import type { Overview } from "@wheelhouse/shared/overview.ts";
import { Status } from "#ui/page/status.tsx";
import { Age, Time } from "#ui/text/time.tsx";

/**
 * The problem that the collector cannot read Wheelhouse's own Postgres; undefined while it can. The webhook
 * metrics come from there, so they become unknown first.
 */
export const storeAwayOf = (overview: Overview | undefined) =>
  overview?.problems.find(({ area, state }) => area === "webhooks" && state === "unknown");

const redisAway = (each: { id: string }) => each.id === "webhooks:webhooks";

/** The standstill of webhook delivery, as a problem or as an effect of one; undefined while deliveries are sent. */
export const standstillOf = (overview: Overview | undefined) =>
  overview?.problems.find(redisAway) ??
  overview?.problems.flatMap(({ effects = [] }) => effects).find(redisAway);

/** Says on the Webhooks page what stands still and why; rows whose next attempt is past would not. */
export const Standstill = ({ cause, since }: { cause: string; since: string }) => (
  <div className="freshness-line" role="status">
    <Status tone="degraded" label="Delivery stands still" />
    <span>
      {cause}. Since <Time at={since} /> (<Age at={since} />
      ).
    </span>
  </div>
);

/**
 * Shown at the foot of pages whose data comes only from Postgres while it is unavailable, because nothing else on them
 * would show it for a while.
 */
export const StoreAway = ({ cause, since }: { cause: string; since: string }) => (
  <div>
    <div className="freshness-line store-away" role="status">
      <Status tone="stale" label="Stale" />
      <span>
        {cause}, since <Time at={since} /> (<Age at={since} />
        ). The data on this page may be outdated.
      </span>
    </div>
  </div>
);
