import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import type { ReplayRun } from "@wheelhouse/shared/webhook-replays.ts";
import type { Delivery } from "@wheelhouse/shared/webhooks.ts";
import type { EventName } from "#lib/events.ts";
import type { Core, Feature } from "#lib/feature.ts";
import { type LiveDeps, registerLive } from "#plugins/live.ts";
import { createLiveList } from "#plugins/live-lists.ts";

/** Reads rows of an organization's list by id, newest first. */
type ReadHeads<Row> = (organizationId: string, ids: readonly string[]) => Promise<Row[]>;

type LiveNeeds = Omit<LiveDeps, "lists" | "clock" | "log"> & {
  reads: { webhooks: ReadHeads<Delivery>; replays: ReadHeads<ReplayRun>; audit: ReadHeads<AuditEvent> };
};

/** Live updates over a socket: of what is observed, and of lists as their events say. */
export function createLive({ events, clock, log }: Core, { reads, ...needs }: LiveNeeds): Feature {
  const listOf = <Row>(event: EventName, read: ReadHeads<Row>) => {
    const list = createLiveList(read);
    events.on(event, ({ organizationId, ids, created }) => list.changed(organizationId, ids, created));
    return list;
  };
  const lists = {
    webhooks: listOf("deliveries.changed", reads.webhooks),
    replays: listOf("replays.changed", reads.replays),
    audit: listOf("audit.committed", reads.audit),
  };
  return {
    mount(app) {
      registerLive(app, { ...needs, lists, clock, log });
    },
  };
}
