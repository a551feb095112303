import { LRUCache } from "lru-cache";
import { type CallBreaker, CallRefused, createCallBreaker } from "#lib/http/call-breaker.ts";
import { AddressRefusedError } from "#lib/security/address-filter.ts";
import type { Clock } from "#lib/time/clock.ts";
import {
  deduplicationKeyOf,
  jsonOf,
  type Message,
  mailOf,
  pagerDutyOf,
  pushOf,
  slackOf,
  teamsOf,
} from "./messages.ts";
import type { Post, PostAnswer } from "./post.ts";
import { type Push, pushSubscription } from "./push.ts";
import type { Mailer } from "./smtp.ts";

/** Where a message goes; `secret` is an address, a key or a subscription. */
export type Target =
  | { kind: "email"; address: string }
  | { kind: "push" | "slack" | "teams" | "pagerduty" | "json"; id: string; secret: string }
  | { kind: "webhook"; endpointId: string };

export type Sent = {
  /** `refused`: not tried. `final`: another attempt would not help. `gone`: neither would another message. */
  result: "sent" | "failed" | "final" | "gone" | "refused";
  /** What the other side said, without secrets. */
  detail: string;
  retryAfterMs: number | null;
  latencyMs: number;
};

/** Hands an event to one endpoint, to be delivered, repeated and listed like any other. */
export type DeliverWebhook = (
  organizationId: string,
  endpointId: string,
  event: { id: string; type: string; body: string },
) => Promise<void>;

export type OutletsDeps = {
  post: Post;
  push: Push;
  /** Null if this installation sends no e-mail. */
  mailer: Mailer | null;
  deliverWebhook: DeliverWebhook;
  pagerDutyUrl: string;
  /** Domain of the ids of e-mails. */
  mailDomain: string;
  clock: Clock;
};

/** An answer or a failure that is not a success. */
class NotSent extends Error {
  readonly result: "failed" | "final" | "gone";
  readonly retryAfterMs: number | null;
  constructor(result: NotSent["result"], message: string, retryAfterMs: number | null = null) {
    super(message);
    this.result = result;
    this.retryAfterMs = retryAfterMs;
  }
}

const failuresMax = 3;
const coolDownMs = 30_000;
const mostBreakers = 5_000;
const json = { "content-type": "application/json" };

const firstLine = (text: string) => text.trim().split("\n")[0]?.slice(0, 200) ?? "";
const isWorthRepeating = (status: number) =>
  status >= 500 || status === 408 || status === 425 || status === 429;

/** @throws NotSent unless the answer is a success. */
function demandSuccess(
  { status, retryAfterMs, body }: PostAnswer,
  isRight: (body: string) => boolean = () => true,
) {
  if (status >= 200 && status < 300) {
    if (isRight(body)) return `accepted with ${status}`;
    throw new NotSent("failed", `answered ${status}, but not as this service does: ${firstLine(body)}`);
  }
  const text = `answered ${status}${firstLine(body) === "" ? "" : `: ${firstLine(body)}`}`;
  throw new NotSent(isWorthRepeating(status) ? "failed" : "final", text, retryAfterMs);
}

/** Sends messages over every kind of channel, each destination behind a breaker of its own. Never throws. */
export function createOutlets(deps: OutletsDeps) {
  const { post, push, mailer, deliverWebhook, pagerDutyUrl, mailDomain, clock } = deps;
  const breakers = new LRUCache<string, CallBreaker>({ max: mostBreakers });

  const breakerOf = (key: string) => {
    const known =
      breakers.get(key) ??
      createCallBreaker({
        name: `notifications ${key}`,
        failuresMax,
        coolDownMs,
        isFailure: (error) => !(error instanceof NotSent) || error.result === "failed",
        clock,
      });
    breakers.set(key, known);
    return known;
  };

  const postJson = (url: string, body: object) => post(url, { headers: json, body: JSON.stringify(body) });

  async function pushTo(secret: string, message: Message) {
    const subscription = pushSubscription.parse(JSON.parse(secret));
    const answer = await push(subscription, pushOf(message), message.severity === "critical");
    // RFC 8030: the subscription no longer exists.
    if (answer.status === 404 || answer.status === 410)
      throw new NotSent("gone", `answered ${answer.status}: the subscription is gone`);
    return demandSuccess(answer);
  }

  async function mailTo(address: string, message: Message) {
    if (!mailer) throw new NotSent("final", "this installation has no SMTP server");
    const { subject, text } = mailOf(message);
    // The same for each attempt, by which mail servers recognise a repetition.
    const messageId = `<${message.id}@${mailDomain}>`;
    return mailer.send({ to: address, subject, text, messageId }).catch((error: unknown) => {
      throw asMailFailure(error);
    });
  }

  async function send(target: Target, message: Message): Promise<string> {
    if (target.kind === "email") return mailTo(target.address, message);
    if (target.kind === "webhook") {
      const body = JSON.stringify(jsonOf(message));
      await deliverWebhook(message.organizationId, target.endpointId, {
        id: message.id,
        type: `incident.${message.event}`,
        body,
      });
      return "accepted for delivery";
    }
    const { kind, secret } = target;
    if (kind === "push") return pushTo(secret, message);
    if (kind === "slack")
      return demandSuccess(await postJson(secret, slackOf(message)), (body) => body.trim() === "ok");
    if (kind === "teams") return demandSuccess(await postJson(secret, teamsOf(message)));
    if (kind === "json") {
      const headers = {
        ...json,
        "idempotency-key": message.id,
        "x-wheelhouse-alias": deduplicationKeyOf(message),
      };
      return demandSuccess(await post(secret, { headers, body: JSON.stringify(jsonOf(message)) }));
    }
    return demandSuccess(await postJson(pagerDutyUrl, pagerDutyOf(message, secret)), isPagerDuty);
  }

  const keyOf = (target: Target) => {
    if (target.kind === "email") return "e-mail";
    if (target.kind === "webhook") return `webhook ${target.endpointId}`;
    return `${target.kind} ${target.id}`;
  };
  const secretsOf = (target: Target): string[] => {
    if (!("secret" in target)) return [];
    const { secret, kind } = target;
    if (kind === "push" || !URL.canParse(secret)) return [secret];
    const { pathname, search } = new URL(secret);
    // Other programs repeat parts of an address, too.
    const parts = `${pathname}${search}`.split(/[/?&=]/).filter((part) => part.length >= 8);
    return [secret, `${pathname}${search}`, pathname, ...parts];
  };

  return {
    async send(target: Target, message: Message): Promise<Sent> {
      const startedMs = performance.now();
      const done = (result: Sent["result"], detail: string, retryAfterMs: number | null = null): Sent => ({
        result,
        detail: without(detail, secretsOf(target)),
        retryAfterMs,
        latencyMs: Math.round(performance.now() - startedMs),
      });
      try {
        return done("sent", await breakerOf(keyOf(target)).run(() => send(target, message)));
      } catch (error) {
        if (error instanceof CallRefused)
          return done("refused", "earlier messages failed", Math.max(error.retryAfterMs, 1_000));
        if (error instanceof NotSent) return done(error.result, error.message, error.retryAfterMs);
        const text = error instanceof Error ? error.message || error.name : "unknown error";
        return done(error instanceof AddressRefusedError ? "final" : "failed", text);
      }
    },
    close: () => mailer?.close(),
  };
}
export type Outlets = ReturnType<typeof createOutlets>;

/** Removes what may not be shown or logged from the words of another program. */
const without = (text: string, secrets: readonly string[]) =>
  secrets
    .filter((secret) => secret.length > 3)
    .reduce((rest, secret) => rest.replaceAll(secret, "…"), text)
    .slice(0, 400);

function isPagerDuty(body: string): boolean {
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === "object" && read !== null && "status" in read && read.status === "success";
  } catch {
    return false;
  }
}

/** A mail server's 5xx is its last word; anything else may pass. */
function asMailFailure(error: unknown): NotSent {
  const message = error instanceof Error ? error.message : "unknown error";
  const code =
    error instanceof Error && "responseCode" in error && typeof error.responseCode === "number"
      ? error.responseCode
      : null;
  return new NotSent(code !== null && code >= 500 ? "final" : "failed", firstLine(message));
}
