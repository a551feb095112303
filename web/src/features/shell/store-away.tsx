import type { Overview } from "@wheelhouse/shared/overview.ts";
import { Status } from "#ui/page/status.tsx";
import { Age, Time } from "#ui/text/time.tsx";

/**
 * The collector cannot read Wheelhouse's own Postgres: `cause` in words, since when. Undefined while it can. Its figures
 * of the webhooks come from there, so they are the first to be unknown.
 */
export const storeAwayOf = (overview: Overview | undefined) =>
  overview?.problems.find(({ area, state }) => area === "webhooks" && state === "unknown");

/** Stands above pages whose data all lie in Postgres while it is away: nothing else on them would say so for a while. */
export const StoreAway = ({ cause, since }: { cause: string; since: string }) => (
  <div className="freshness-line hatch" role="status">
    <Status tone="stale" label="Stale" />
    <span>
      {cause}, since <Time at={since} /> (<Age at={since} />
      ). What is shown may have changed since.
    </span>
  </div>
);
