import type { AlertSettings, updateAlertSettings } from "@wheelhouse/shared/alerts/channels.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Selectable, Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";

type Row = Selectable<Tables["alert_settings"]>;
export const heartbeatPurpose = (organizationId: string) => `alert_settings:${organizationId}:heartbeat`;

/** Settings of an organization's notifications; without a row the defaults hold. */
export function createSettings(deps: {
  database: Database;
  changes: Changes;
  box: SecretBox;
  filter: AddressFilter;
  sendsMail: boolean;
  clock: Clock;
}) {
  const { database, changes, box, filter, sendsMail, clock } = deps;

  const find = (tx: Transaction<Tables>, organizationId: string) =>
    tx.selectFrom("alert_settings").selectAll().where("org_id", "=", organizationId).executeTakeFirst();

  const view = (row: Row | undefined): AlertSettings => ({
    throttleLimit: row?.throttle_limit ?? 20,
    throttleMinutes: row?.throttle_minutes ?? 10,
    digestMinutes: row?.digest_minutes ?? 15,
    allowsLinks: row?.allows_links ?? false,
    heartbeat:
      row?.heartbeat_hint == null
        ? null
        : {
            hint: row.heartbeat_hint,
            everySeconds: row.heartbeat_seconds,
            sentAt: row.heartbeat_sent_at?.toISOString() ?? null,
            error: row.heartbeat_error,
          },
    sendsMail,
    version: row?.version ?? 0,
  });
  const auditOf = ({
    throttleLimit,
    throttleMinutes,
    digestMinutes,
    allowsLinks,
    heartbeat,
  }: AlertSettings) => ({
    throttleLimit,
    throttleMinutes,
    digestMinutes,
    allowsLinks,
    heartbeat: heartbeat?.hint ?? null,
    heartbeatSeconds: heartbeat?.everySeconds ?? null,
  });

  const heartbeatOf = (address: string | null | undefined, organizationId: string) => {
    if (address === undefined) return {};
    if (address === null)
      return { heartbeat_box: null, heartbeat_hint: null, heartbeat_due_at: null, heartbeat_error: null };
    const refusal = filter.refusalOfUrl(address);
    if (refusal) throw invalidField("body.heartbeatAddress", `may not be reached: ${refusal}`);
    return {
      heartbeat_box: box.seal(address, heartbeatPurpose(organizationId)),
      heartbeat_hint: new URL(address).host,
      heartbeat_due_at: new Date(clock.now()),
      heartbeat_error: null,
    };
  };

  return {
    read: (organizationId: string) =>
      database.asOrganizations([organizationId], async (tx) => view(await find(tx, organizationId))),

    update: (body: EndpointParsed<typeof updateAlertSettings>["body"], context: RequestContext) => {
      const { organization } = context;
      const heartbeat = heartbeatOf(body.heartbeatAddress, organization.id);
      return changes.run(context, "alerts.settings.update", async (tx) => {
        await tx
          .insertInto("alert_settings")
          .values({ org_id: organization.id, version: 0 })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const before = view(await find(tx, organization.id));
        const row = await tx
          .updateTable("alert_settings")
          .set({
            throttle_limit: body.throttleLimit,
            throttle_minutes: body.throttleMinutes,
            digest_minutes: body.digestMinutes,
            allows_links: body.allowsLinks,
            heartbeat_seconds: body.heartbeatSeconds,
            version: body.version + 1,
            ...heartbeat,
          })
          .where("org_id", "=", organization.id)
          .where("version", "=", body.version)
          .returningAll()
          .executeTakeFirst();
        if (!row)
          throw new AppError("conflict", "Somebody else has changed these settings. Reload the page.");
        const after = view(row);
        return {
          result: after,
          audit: {
            targets: [{ type: "alert-settings", id: organization.id, name: organization.name }],
            before: auditOf(before),
            after: auditOf(after),
          },
        };
      });
    },
  };
}
