import type { TestResult } from "@wheelhouse/shared/alerts/channels.ts";
import { uuidv7 } from "uuidv7";
import type { Changes } from "#lib/change.ts";
import { notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Message } from "./messages.ts";
import type { Outlets } from "./outlets.ts";
import { type Shown, targetOf } from "./shown.ts";
import type { Addressed, Targets } from "./targets.ts";

const messageOf = ({ organization, actor }: RequestContext, name: string, url: string): Message => ({
  id: uuidv7(),
  organizationId: organization.id,
  organization: { slug: organization.slug, name: organization.name },
  incidentId: null,
  event: "test",
  severity: "info",
  title: `Wheelhouse can reach ${name}`,
  summary: `${actor.display} sent this test. Nothing is wrong.`,
  url,
  acknowledgeUrl: null,
  startedAt: null,
  text: null,
});

/** Sends a test message at once, and keeps it in the log and with the channel. */
export function createTrial({
  targets,
  outlets,
  changes,
  urlOf,
  clock,
}: {
  targets: Targets;
  outlets: Pick<Outlets, "send">;
  changes: Changes;
  urlOf(slug: string, path: string): string;
  clock: Clock;
}) {
  return async (
    context: RequestContext,
    action: "alerts.channel.test" | "alerts.contact.test",
    row: Shown & Addressed & { recipient: string },
  ): Promise<TestResult> => {
    const target = await targets.of(row);
    if (!target) throw notFound("channel");
    const message = messageOf(context, row.name, urlOf(context.organization.slug, "oncall"));
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
  };
}
export type Trial = ReturnType<typeof createTrial>;
