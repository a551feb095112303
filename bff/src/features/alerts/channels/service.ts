import type { createChannel, updateChannel } from "@wheelhouse/shared/alerts/channels.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { auditOf, endOf, hintOfAddress, targetOf } from "./shown.ts";
import { type ChannelStore, channelView } from "./store.ts";
import type { Trial } from "./trial.ts";

type Deps = {
  store: ChannelStore;
  changes: Changes;
  filter: AddressFilter;
  trial: Trial;
};

/** Channels that an organization shares. Secrets go in and never come out again. */
export function createChannelService(deps: Deps) {
  const { store, changes, filter, trial } = deps;

  function assertAddress(field: string, address: string) {
    const refusal = filter.refusalOfUrl(address);
    if (refusal) throw invalidField(field, `may not be reached: ${refusal}`);
  }

  async function endpointName(tx: Transaction<Tables>, organizationId: string, id: string): Promise<string> {
    const row = await tx
      .selectFrom("webhook_endpoints")
      .select("name")
      .where("org_id", "=", organizationId)
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .executeTakeFirst();
    if (!row) throw invalidField("body.endpointId", "is not an endpoint of this organization");
    return row.name;
  }

  return {
    async list({ organization }: RequestContext) {
      return { items: (await store.list(organization.id)).map(channelView), nextCursor: null };
    },

    create(body: EndpointParsed<typeof createChannel>["body"], context: RequestContext) {
      if ("address" in body) assertAddress("body.address", body.address);
      const { id: organizationId } = context.organization;
      return changes.run(context, "alerts.channel.create", async (tx) => {
        const secret = "address" in body ? body.address : "key" in body ? body.key : null;
        const endpointId = body.kind === "webhook" ? body.endpointId : null;
        const hint =
          "address" in body
            ? hintOfAddress(body.address)
            : "key" in body
              ? endOf(body.key)
              : await endpointName(tx, organizationId, body.endpointId);
        const { kind, name, leastSeverity } = body;
        const row = await store.insert(
          tx,
          {
            id: uuidv7(),
            org_id: organizationId,
            kind,
            name,
            hint,
            endpoint_id: endpointId,
            least_severity: leastSeverity,
          },
          secret,
        );
        const audit = { targets: targetOf("alert-channel", row), before: null, after: auditOf(row) };
        return { result: channelView(row), audit };
      });
    },

    update(id: string, body: EndpointParsed<typeof updateChannel>["body"], context: RequestContext) {
      if (body.address !== undefined) assertAddress("body.address", body.address);
      return changes.run(context, "alerts.channel.update", async (tx) => {
        const before = await store.lock(tx, context.organization.id, id);
        if (before.version !== body.version)
          throw new AppError("conflict", "Somebody else has changed this channel. Reload the page.");
        if (body.address !== undefined && !["slack", "teams", "json"].includes(before.kind))
          throw invalidField("body.address", `is not what a channel of the kind ${before.kind} has`);
        if (body.key !== undefined && before.kind !== "pagerduty")
          throw invalidField("body.key", `is not what a channel of the kind ${before.kind} has`);
        const secret = body.address ?? body.key ?? null;
        const row = await store.update(
          tx,
          before,
          {
            name: body.name ?? before.name,
            least_severity: body.leastSeverity ?? before.least_severity,
            hint: body.address ? hintOfAddress(body.address) : body.key ? endOf(body.key) : before.hint,
          },
          secret,
        );
        const audit = {
          targets: targetOf("alert-channel", row),
          before: auditOf(before),
          after: auditOf(row),
        };
        return { result: channelView(row), audit };
      });
    },

    remove: (id: string, context: RequestContext) =>
      changes.run(context, "alerts.channel.delete", async (tx) => {
        const before = await store.lock(tx, context.organization.id, id);
        await store.remove(tx, id);
        return {
          result: null,
          audit: { targets: targetOf("alert-channel", before), before: auditOf(before), after: null },
        };
      }),

    async test(id: string, context: RequestContext) {
      const row = (await store.list(context.organization.id)).find((each) => each.id === id);
      if (!row) throw notFound("channel");
      return trial(context, "alerts.channel.test", {
        id,
        kind: row.kind,
        name: row.name,
        org_id: row.org_id,
        channel: row.kind,
        channel_id: id,
        user_id: null,
        address: null,
        recipient: row.name,
      });
    },
  };
}
export type ChannelService = ReturnType<typeof createChannelService>;
