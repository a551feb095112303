import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { sourcePurpose } from "../directory/directory.ts";
import { makeEventIds } from "../ids.ts";
import type { AcceptedEvent, StoredEvent } from "./store.ts";

const slug = "wheelhouse-alerts";
const name = "Wheelhouse alerts";

/**
 * Events of Wheelhouse itself, for one endpoint each: stored, signed, delivered, repeated and listed like received ones.
 */
export function createOwnEvents(deps: {
  database: Database;
  secrets: SecretBox;
  store: { store(events: readonly AcceptedEvent[]): Promise<StoredEvent[]> };
  config: Pick<WebhooksConfig, "retryScheduleMs">;
  clock: Clock;
}) {
  const { database, secrets, store, config, clock } = deps;

  /** The source under which the log shows them; made with the first one, and nobody knows its secret. */
  async function sourceOf(organizationId: string): Promise<string> {
    const find = () =>
      database.system
        .selectFrom("webhook_sources")
        .select("id")
        .where("org_id", "=", organizationId)
        .where("slug", "=", slug)
        .where("deleted_at", "is", null)
        .executeTakeFirst();
    const known = await find();
    if (known) return known.id;
    const id = uuidv7();
    await sql`
      insert into webhook_sources (id, org_id, slug, name, scheme, secret_hint, secret_box)
      values (${id}::uuid, ${organizationId}::uuid, ${slug}, ${name}, 'standard', '',
        ${secrets.seal(`whsec_${randomBytes(32).toString("base64")}`, sourcePurpose(id))})
      on conflict (org_id, slug) where deleted_at is null do nothing
    `.execute(database.system);
    return (await find())?.id ?? id;
  }

  return {
    /**
     * Delivers an event to one endpoint; the same id again changes nothing.
     * @throws if the endpoint was deleted or is disabled.
     */
    async deliver(
      organizationId: string,
      endpointId: string,
      event: { id: string; type: string; body: string },
    ) {
      const endpoint = await database.system
        .selectFrom("webhook_endpoints")
        .select(["enabled", "settings"])
        .where("org_id", "=", organizationId)
        .where("id", "=", endpointId)
        .where("deleted_at", "is", null)
        .executeTakeFirst();
      if (!endpoint) throw new Error("the endpoint was deleted");
      if (!endpoint.enabled) throw new Error("the endpoint is disabled");
      const nowMs = clock.now();
      const { eventId, createdAt, deliveryIds } = makeEventIds(nowMs, 1);
      const [id = ""] = deliveryIds;
      const schedule = endpoint.settings.retryScheduleMs ?? config.retryScheduleMs;
      await store.store([
        {
          organizationId,
          sourceId: await sourceOf(organizationId),
          sourceEventId: event.id,
          bodyHash: "",
          eventId,
          eventType: event.type,
          contentType: "application/json",
          headers: {},
          body: Buffer.from(event.body),
          receivedAt: new Date(nowMs),
          createdAt,
          fate: "matched",
          missedBy: [],
          searchValues: [],
          deliveries: [{ id, endpointId, maxAttempts: schedule.length + 1, orderKey: null }],
        },
      ]);
    },
  };
}
