import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { baseOf, type QueueName } from "../keys.ts";
import { queueRows } from "../rows.ts";
import type { JobServer } from "./connections.ts";

/** Where a queue lies. `base` is the prefix of its keys. */
export type QueuePlace = { id: string; queue: QueueName; base: string; server: JobServer };

/** Finds queues of an organization by their id in the list, and by the keys of their jobs. */
export function createPlaces({
  snapshots,
  servers,
}: {
  snapshots: SnapshotStore;
  /** The watched Redis servers of all organizations. */
  servers(): readonly JobServer[];
}) {
  const placeOf = ({ id, prefix, name, source }: QueueRow): QueuePlace | null => {
    const server = servers().find((each) => each.source.id === source);
    const queue = { prefix, name };
    return server ? { id, queue, base: baseOf(queue), server } : null;
  };
  const rowsOf = ({ organization }: Pick<RequestContext, "organization">) =>
    snapshots.viewsOf(organization).rows(queueRows);

  return {
    /** @throws AppError `not_found` if the organization has no such queue now. */
    find(context: Pick<RequestContext, "organization">, id: string): QueuePlace {
      const row = rowsOf(context).find((each) => each.id === id);
      const place = row && placeOf(row);
      if (!place) throw notFound("queue");
      return place;
    },
    /** The queue of a job's key on the same server, and the job's id; null if the organization has none. */
    ofKey(
      context: Pick<RequestContext, "organization">,
      near: QueuePlace,
      key: string,
    ): { queue: string; job: string } | null {
      const owners = rowsOf(context).filter(
        (row) => row.source === near.server.source.id && key.startsWith(baseOf(row)),
      );
      // Ids may hold colons, and so may prefixes: the longest base is the queue's.
      const owner = owners.sort((a, b) => baseOf(b).length - baseOf(a).length)[0];
      return owner ? { queue: owner.id, job: key.slice(baseOf(owner).length) } : null;
    },
  };
}
export type Places = ReturnType<typeof createPlaces>;

/** Why nothing may be changed in this queue; null if it may. */
export const readOnlyOf = ({ server: { source } }: QueuePlace): string | null =>
  source.readOnly ? `${source.name} is watched read-only` : null;

/** @throws AppError `conflict` if nothing may be changed in this queue. */
export function assertWritable(place: QueuePlace) {
  const reason = readOnlyOf(place);
  if (reason !== null) throw new AppError("conflict", `${reason}. Nothing was changed.`);
}
