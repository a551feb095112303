import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Post } from "./post.ts";
import { heartbeatPurpose } from "./settings.ts";

const atOnce = 20;

/**
 * Calls an outside service regularly, which raises its own alarm once the calls stay away. It is called only while the
 * evaluation has fresh data: a console that sees nothing counts as dead.
 */
export function createHeartbeats(deps: {
  database: Database;
  box: SecretBox;
  post: Post;
  isAlive(): boolean;
  clock: Clock;
}) {
  const { database, box, post, isAlive, clock } = deps;
  return {
    /** Sends what is due; each once per cluster. */
    async run() {
      if (!isAlive()) return;
      const now = new Date(clock.now());
      // Taken by its next date before it is sent, so that a slow service is not called twice.
      const { rows } = await sql<{ org_id: string; heartbeat_box: Buffer }>`
        update alert_settings set heartbeat_due_at = ${now}::timestamptz + make_interval(secs => heartbeat_seconds)
        where org_id in (select org_id from alert_settings where heartbeat_due_at <= ${now}
          order by heartbeat_due_at limit ${atOnce} for update skip locked)
        returning org_id, heartbeat_box
      `.execute(database.system);
      await Promise.all(
        rows.map(async ({ org_id, heartbeat_box }) => {
          const error = await post(box.open(heartbeat_box, heartbeatPurpose(org_id)), {
            method: "GET",
            headers: {},
            body: "",
          }).then(
            ({ status }) => (status >= 200 && status < 300 ? null : `answered ${status}`),
            (failure: unknown) => (failure instanceof Error ? failure.message.slice(0, 300) : "failed"),
          );
          await database.system
            .updateTable("alert_settings")
            .set({
              heartbeat_error: error,
              ...(error === null ? { heartbeat_sent_at: new Date(clock.now()) } : {}),
            })
            .where("org_id", "=", org_id)
            .execute();
        }),
      );
    },
  };
}
