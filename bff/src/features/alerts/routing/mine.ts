import type { Contact } from "@wheelhouse/shared/alerts/channels.ts";
import { type Mine, personalRules, type updateMine } from "@wheelhouse/shared/alerts/routing.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { defaultPreferences } from "./ways.ts";

/** How a person wants to be reached in an organization. */
export function createMine(deps: {
  database: Database;
  changes: Changes;
  contactsOf(tx: Transaction<Tables>, organizationId: string, userId: string): Promise<Contact[]>;
  personOf(context: RequestContext): string;
  sendsMail: boolean;
  vapidPublicKey: string;
}) {
  const { database, changes, contactsOf, personOf, sendsMail, vapidPublicKey } = deps;

  async function read(tx: Transaction<Tables>, organizationId: string, userId: string): Promise<Mine> {
    const row = await tx
      .selectFrom("alert_people")
      .selectAll()
      .where("org_id", "=", organizationId)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    const account = await tx.selectFrom("users").select("email").where("id", "=", userId).executeTakeFirst();
    return {
      timeZone: row?.time_zone ?? defaultPreferences.timeZone,
      nightFrom: row?.night_from ?? defaultPreferences.nightFrom,
      nightTo: row?.night_to ?? defaultPreferences.nightTo,
      rules: personalRules.safeParse(row?.rules).data ?? defaultPreferences.rules,
      hasSound: row?.has_sound ?? false,
      version: row?.version ?? 0,
      contacts: await contactsOf(tx, organizationId, userId),
      email: sendsMail ? (account?.email ?? null) : null,
      vapidPublicKey,
    };
  }
  const auditOf = ({ timeZone, nightFrom, nightTo, rules, hasSound }: Mine) => {
    const text = ({ day, night }: { day: string[]; night: string[] }) =>
      `${day.join(", ") || "nothing"}; at night ${night.join(", ") || "nothing"}`;
    return {
      timeZone,
      nightFrom,
      nightTo,
      critical: text(rules.critical),
      warning: text(rules.warning),
      info: text(rules.info),
      hasSound,
    };
  };

  return {
    read: (context: RequestContext) =>
      database.asOrganizations([context.organization.id], (tx) =>
        read(tx, context.organization.id, personOf(context)),
      ),

    update: (body: EndpointParsed<typeof updateMine>["body"], context: RequestContext) => {
      const userId = personOf(context);
      const { id: organizationId } = context.organization;
      return changes.run(context, "alerts.preferences.update", async (tx) => {
        const before = await read(tx, organizationId, userId);
        const row = {
          time_zone: body.timeZone,
          night_from: body.nightFrom,
          night_to: body.nightTo,
          rules: JSON.stringify(body.rules),
          has_sound: body.hasSound,
          version: body.version + 1,
        };
        const saved = await tx
          .insertInto("alert_people")
          .values({ org_id: organizationId, user_id: userId, ...row })
          .onConflict((conflict) =>
            conflict
              .columns(["org_id", "user_id"])
              .doUpdateSet(row)
              .where("alert_people.version", "=", body.version),
          )
          .returning("version")
          .executeTakeFirst();
        if (!saved || before.version !== body.version)
          throw new AppError("conflict", "These settings were changed in another window. Reload the page.");
        const after = await read(tx, organizationId, userId);
        return {
          result: after,
          audit: {
            targets: [{ type: "user", id: userId, name: context.actor.display }],
            before: auditOf(before),
            after: auditOf(after),
          },
        };
      });
    },
  };
}
