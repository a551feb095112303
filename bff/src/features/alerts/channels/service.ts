import type {
  createChannel,
  createContact,
  TestResult,
  updateChannel,
} from "@wheelhouse/shared/alerts/channels.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Tables } from "#database/tables.ts";
import type { AuditEntry, Changes } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Message } from "./messages.ts";
import type { Outlets } from "./outlets.ts";
import { type ChannelStore, channelView, contactView } from "./store.ts";
import type { Addressed, Targets } from "./targets.ts";

type Deps = {
  store: ChannelStore;
  targets: Targets;
  outlets: Pick<Outlets, "send">;
  changes: Changes;
  filter: AddressFilter;
  /** Whether this installation sends e-mail. */
  sendsMail: boolean;
  urlOf(slug: string, path: string): string;
  clock: Clock;
};

/** The signed-in person. @throws 403 for a token, which nobody can call. */
export function personOf({ actor }: RequestContext): string {
  if (actor.type !== "user" || actor.id === null)
    throw new AppError("forbidden", "This belongs to a person; an API token has none.");
  return actor.id;
}

type Shown = { id: string; kind: string; name: string };
const auditOf = (row: Shown & { hint: string; least_severity?: string }) => ({
  kind: row.kind,
  name: row.name,
  ...(row.least_severity === undefined ? {} : { hint: row.hint, leastSeverity: row.least_severity }),
});
const targetOf = (type: "alert-channel" | "alert-contact", { id, name }: Shown): AuditEntry["targets"] => [
  { type, id, name },
];

const endOf = (key: string) => `…${key.slice(-4)}`;
const hintOfAddress = (address: string) => new URL(address).host;

/** Channels: what an organization shares, and what a person adds. Secrets go in and never come out again. */
export function createChannelService(deps: Deps) {
  const { store, targets, outlets, changes, filter, sendsMail, urlOf, clock } = deps;

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

  const testMessage = ({ organization, actor }: RequestContext, name: string): Message => ({
    id: uuidv7(),
    organizationId: organization.id,
    organization: { slug: organization.slug, name: organization.name },
    incidentId: null,
    event: "test",
    severity: "info",
    title: `Wheelhouse can reach ${name}`,
    summary: `${actor.display} sent this test. Nothing is wrong.`,
    url: urlOf(organization.slug, "oncall"),
    acknowledgeUrl: null,
    startedAt: null,
    text: null,
  });

  /** Sends a test, and keeps it in the log and with the channel. */
  async function test(
    context: RequestContext,
    action: "alerts.channel.test" | "alerts.contact.test",
    row: Shown & Addressed & { recipient: string },
  ): Promise<TestResult> {
    const target = await targets.of(row);
    if (!target) throw notFound("channel");
    const message = testMessage(context, row.name);
    const sent = await outlets.send(target, message);
    const ok = sent.result === "sent";
    const now = new Date(clock.now());
    await targets.keep(row, sent, now, { isTest: true });
    return changes.run(context, action, async (tx) => {
      await tx
        .insertInto("notifications")
        .values({
          id: message.id,
          org_id: row.org_id,
          event: "test",
          severity: "info",
          title: message.title,
          summary: message.summary,
          path: "oncall",
          channel: row.channel,
          channel_id: row.channel_id,
          user_id: row.user_id,
          recipient: row.recipient,
          state: ok ? "sent" : "failed",
          attempts: 1,
          due_at: now,
          sent_at: ok ? now : null,
          latency_ms: sent.latencyMs,
          error: ok ? null : sent.detail,
        })
        .execute();
      const type = action === "alerts.channel.test" ? "alert-channel" : "alert-contact";
      return {
        result: { ok, latencyMs: sent.latencyMs, detail: sent.detail },
        audit: { targets: targetOf(type, row), after: { ok } },
      };
    });
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
      return test(context, "alerts.channel.test", {
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

    createContact(body: EndpointParsed<typeof createContact>["body"], context: RequestContext) {
      const userId = personOf(context);
      if (body.kind === "push") assertAddress("body.subscription.endpoint", body.subscription.endpoint);
      if (body.kind === "email" && !sendsMail)
        throw invalidField("body.kind", "needs an SMTP server; set WHEELHOUSE_SMTP_URL");
      const secret =
        body.kind === "push"
          ? JSON.stringify(body.subscription)
          : body.kind === "email"
            ? body.address
            : body.key;
      const hint =
        body.kind === "push"
          ? hintOfAddress(body.subscription.endpoint)
          : body.kind === "email"
            ? body.address
            : endOf(body.key);
      const { kind, name } = body;
      return changes.run(context, "alerts.contact.create", async (tx) => {
        const row = await store.addContact(
          tx,
          { id: uuidv7(), org_id: context.organization.id, user_id: userId, kind, name, hint },
          secret,
        );
        const audit = { targets: targetOf("alert-contact", row), before: null, after: auditOf(row) };
        return { result: contactView(row), audit };
      });
    },

    removeContact: (id: string, context: RequestContext) =>
      changes.run(context, "alerts.contact.delete", async (tx) => {
        const before = await store.contact(tx, context.organization.id, personOf(context), id);
        await store.removeContact(tx, id);
        return {
          result: null,
          audit: { targets: targetOf("alert-contact", before), before: auditOf(before), after: null },
        };
      }),

    async testContact(id: string, context: RequestContext) {
      const row = await store.findContact(context.organization.id, personOf(context), id);
      return test(context, "alerts.contact.test", {
        id,
        kind: row.kind,
        name: row.name,
        org_id: context.organization.id,
        channel: row.kind,
        channel_id: id,
        user_id: personOf(context),
        address: null,
        recipient: context.actor.display,
      });
    },
  };
}
export type ChannelService = ReturnType<typeof createChannelService>;
