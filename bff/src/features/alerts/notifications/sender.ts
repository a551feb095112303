import type { Logger } from "pino";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Message, Outlets, Sent, Targets } from "../channels/channels.ts";
import type { Bell } from "./bell.ts";
import { contentPurpose } from "./content.ts";
import type { Fallbacks } from "./fallbacks.ts";
import type { Links } from "./links.ts";
import type { Claimed, NotificationStore, Outcome } from "./store.ts";

const second = 1_000;
const waitsMs = [1, 2, 4, 30, 120, 300, 600].map((seconds) => seconds * second);
/** After as many attempts another way is taken, while this one goes on being tried. */
const attemptsBeforeFallback = 4;

export type SenderDeps = {
  store: NotificationStore;
  targets: Targets;
  outlets: Outlets;
  fallbacks: Fallbacks;
  bell: Bell;
  links: Links;
  box: SecretBox;
  /** Address of a page of an organization. */
  urlOf(slug: string, path: string): string;
  clock: Clock;
  log: Logger;
};

/**
 * Sends one notification: claims it, sends it, stores the outcome. Nothing is sent that was withdrawn before its claim was
 * committed; a process that dies between claim and outcome leaves a claim that another takes over.
 */
export function createSender(deps: SenderDeps) {
  const { store, targets, outlets, fallbacks, bell, links, box, urlOf, clock, log } = deps;

  const messageOf = (row: Claimed): Message => ({
    id: row.id,
    organizationId: row.org_id,
    organization: { slug: row.slug, name: row.organization },
    incidentId: row.incident_id,
    event: row.event,
    severity: row.severity,
    title: row.title,
    summary: row.summary,
    url: urlOf(row.slug, row.path),
    acknowledgeUrl: row.allows_links && isCall(row) ? links.of(row.id) : null,
    startedAt: row.started_at,
    text: row.content_box === null ? null : box.open(row.content_box, contentPurpose(row.id)),
  });

  async function send(row: Claimed): Promise<Sent> {
    const target = await targets.of(row);
    if (target === null)
      return { result: "final", detail: "the channel was deleted", retryAfterMs: null, latencyMs: 0 };
    return outlets.send(target, messageOf(row));
  }

  const outcomeOf = (row: Claimed, { result, detail, retryAfterMs, latencyMs }: Sent): Outcome => {
    const nowMs = clock.now();
    if (result === "sent") return { result: "sent", latencyMs, detail, againAt: null };
    if (result === "refused")
      return { result: "later", latencyMs, detail, againAt: new Date(nowMs + (retryAfterMs ?? second)) };
    const waitMs = result === "failed" ? waitsMs[row.attempts - 1] : undefined;
    const againAt = waitMs === undefined ? null : new Date(nowMs + Math.max(waitMs, retryAfterMs ?? 0));
    return { result: "failed", latencyMs, detail, againAt };
  };

  async function reportFailure(row: Claimed, outcome: Outcome, hasBegun: boolean) {
    const isLost = outcome.againAt === null;
    log.warn(
      { notification: row.id, channel: row.channel, attempt: row.attempts, reason: outcome.detail, isLost },
      "a notification could not be sent",
    );
    if (hasBegun && row.event !== "test") await fallbacks.reportChannel(row, outcome.detail);
    if (isLost || row.attempts === attemptsBeforeFallback) await fallbacks.takeAnotherWay(row);
  }

  return {
    /** Does nothing if there is nothing to do; errors of the database reject. */
    async deliver(id: string): Promise<void> {
      const row = await store.claim(id, new Date(clock.now()));
      if (!row) return;
      if (row.channel === "bell") {
        // In the list since it was written; now it shows up where the person looks.
        await store.settle(
          row,
          { result: "sent", latencyMs: 0, detail: "", againAt: null },
          new Date(clock.now()),
        );
        bell.ring(row);
        return;
      }
      const sent = await send(row);
      const outcome = outcomeOf(row, sent);
      await store.settle(row, outcome, new Date(clock.now()));
      const hasBegun = await targets.keep(row, sent, new Date(clock.now()), { isTest: row.event === "test" });
      if (outcome.result === "failed") await reportFailure(row, outcome, hasBegun);
    },
  };
}
export type Sender = ReturnType<typeof createSender>;

const isCall = ({ event, incident_id }: Claimed) =>
  incident_id !== null && (event === "fired" || event === "reopened" || event === "escalated");
