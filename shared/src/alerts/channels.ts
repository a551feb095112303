import { z } from "zod";
import { defineEndpoint, shownName, timestamp } from "../endpoint.ts";
import { severity } from "./notifications.ts";

/** Channels that an organization shares. */
export const sharedChannelKinds = ["slack", "teams", "pagerduty", "json", "webhook"] as const;
export const sharedChannelKind = z.enum(sharedChannelKinds);
export type SharedChannelKind = z.infer<typeof sharedChannelKind>;

const httpAddress = z
  .string()
  .trim()
  .max(2_000)
  .regex(/^https?:\/\//i, "must begin with https:// or http://")
  .refine((text) => URL.canParse(text), "is not a URL");
const routingKey = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9]{16,64}$/, "must be the integration key of Events API v2");

const health = {
  failingSince: timestamp.nullable(),
  /** Why the latest message failed; null once one has been sent. */
  lastError: z.string().nullable(),
  lastSentAt: timestamp.nullable(),
  testedAt: timestamp.nullable(),
};

export const sharedChannel = z.object({
  id: z.uuid(),
  kind: sharedChannelKind,
  name: z.string(),
  /** What may be shown of its secret: the host of an address, the end of a key, the name of an endpoint. */
  hint: z.string(),
  endpointId: z.uuid().nullable(),
  /** Sends nothing below it. */
  leastSeverity: severity,
  ...health,
  version: z.number().int(),
  createdAt: timestamp,
});
export type SharedChannel = z.infer<typeof sharedChannel>;

export const listChannels = defineEndpoint({
  method: "GET",
  path: "/alerts/channels",
  summary: "Channels that the organization shares, by name",
  access: "alerts:read",
  response: z.object({ items: z.array(sharedChannel), nextCursor: z.null() }),
});

const named = { name: shownName, leastSeverity: severity.default("info") };
const kept = ["kind", "name", "hint", "leastSeverity"] as const;

export const createChannel = defineEndpoint({
  method: "POST",
  path: "/alerts/channels",
  summary: "Add a channel; its address or key is sealed and never shown again",
  access: "alerts:configure",
  action: "alerts.channel.create",
  keeps: kept,
  body: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("slack"), ...named, address: httpAddress }),
    z.strictObject({ kind: z.literal("teams"), ...named, address: httpAddress }),
    z.strictObject({ kind: z.literal("json"), ...named, address: httpAddress }),
    z.strictObject({ kind: z.literal("pagerduty"), ...named, key: routingKey }),
    z.strictObject({ kind: z.literal("webhook"), ...named, endpointId: z.uuid() }),
  ]),
  response: sharedChannel,
  status: 201,
});

export const updateChannel = defineEndpoint({
  method: "PATCH",
  path: "/alerts/channels/:id",
  summary: "Rename a channel, replace its address or key, or change from which severity it sends",
  access: "alerts:configure",
  action: "alerts.channel.update",
  keeps: kept,
  params: z.strictObject({ id: z.uuid() }),
  body: z.strictObject({
    version: z.number().int(),
    name: shownName.optional(),
    leastSeverity: severity.optional(),
    address: httpAddress.optional(),
    key: routingKey.optional(),
  }),
  response: sharedChannel,
});

export const deleteChannel = defineEndpoint({
  method: "DELETE",
  path: "/alerts/channels/:id",
  summary: "Delete a channel; steps that name it then lead to one channel less",
  access: "alerts:configure",
  action: "alerts.channel.delete",
  keeps: kept,
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});

/** What a test message did. */
export const testResult = z.object({
  ok: z.boolean(),
  latencyMs: z.number(),
  /** What the other side answered, or why it could not be reached. */
  detail: z.string(),
});
export type TestResult = z.infer<typeof testResult>;

export const testChannel = defineEndpoint({
  method: "POST",
  path: "/alerts/channels/:id/test",
  summary: "Send a test message over a channel now",
  access: "alerts:act",
  action: "alerts.channel.test",
  keeps: ["ok"],
  params: z.strictObject({ id: z.uuid() }),
  response: testResult,
});

/** How one person is reached beside the bell. */
export const contact = z.object({
  id: z.uuid(),
  kind: z.enum(["email", "push", "pagerduty"]),
  name: z.string(),
  hint: z.string(),
  /** The browser or its push service withdrew the subscription. */
  expiredAt: timestamp.nullable(),
  ...health,
  createdAt: timestamp,
});
export type Contact = z.infer<typeof contact>;

const pushSubscription = z.strictObject({
  endpoint: httpAddress,
  keys: z.strictObject({
    p256dh: z.string().regex(/^[\w-]{80,100}={0,2}$/, "must be the public key of the subscription"),
    auth: z.string().regex(/^[\w-]{16,32}={0,2}$/, "must be the secret of the subscription"),
  }),
});

export const createContact = defineEndpoint({
  method: "POST",
  path: "/alerts/me/contacts",
  summary: "Add a way to reach yourself: this browser, an e-mail address, or your own PagerDuty key",
  access: "session",
  action: "alerts.contact.create",
  keeps: ["kind", "name"],
  body: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("push"), name: shownName, subscription: pushSubscription }),
    z.strictObject({
      kind: z.literal("email"),
      name: shownName,
      address: z.string().trim().max(254).pipe(z.email()),
    }),
    z.strictObject({ kind: z.literal("pagerduty"), name: shownName, key: routingKey }),
  ]),
  response: contact,
  status: 201,
});

export const deleteContact = defineEndpoint({
  method: "DELETE",
  path: "/alerts/me/contacts/:id",
  summary: "Remove a way to reach yourself",
  access: "session",
  action: "alerts.contact.delete",
  keeps: ["kind", "name"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});

export const testContact = defineEndpoint({
  method: "POST",
  path: "/alerts/me/contacts/:id/test",
  summary: "Send yourself a test message now",
  access: "session",
  action: "alerts.contact.test",
  keeps: ["ok"],
  params: z.strictObject({ id: z.uuid() }),
  response: testResult,
});

/** How the organization sends. */
export const alertSettings = z.object({
  /** Most notifications that one recipient gets over one channel within the window; the others wait for a digest. */
  throttleLimit: z.number().int(),
  throttleMinutes: z.number().int(),
  digestMinutes: z.number().int(),
  /** Whether the link in a notification acknowledges without a sign-in. */
  allowsLinks: z.boolean(),
  heartbeat: z
    .object({
      hint: z.string(),
      everySeconds: z.number().int(),
      sentAt: timestamp.nullable(),
      error: z.string().nullable(),
    })
    .nullable(),
  /** Whether this installation can send e-mail. */
  sendsMail: z.boolean(),
  version: z.number().int(),
});
export type AlertSettings = z.infer<typeof alertSettings>;

export const readAlertSettings = defineEndpoint({
  method: "GET",
  path: "/alerts/settings",
  summary: "Throttle, digest, links and heartbeat of the organization",
  access: "alerts:read",
  response: alertSettings,
});

export const updateAlertSettings = defineEndpoint({
  method: "PUT",
  path: "/alerts/settings",
  summary: "Change throttle, digest, links and heartbeat",
  access: "alerts:configure",
  action: "alerts.settings.update",
  keeps: [
    "throttleLimit",
    "throttleMinutes",
    "digestMinutes",
    "allowsLinks",
    "heartbeat",
    "heartbeatSeconds",
  ],
  body: z.strictObject({
    version: z.number().int(),
    throttleLimit: z.number().int().min(1).max(10_000),
    throttleMinutes: z.number().int().min(1).max(1_440),
    digestMinutes: z.number().int().min(1).max(1_440),
    allowsLinks: z.boolean(),
    /** An address that an outside service watches; null for none, absent to keep it. */
    heartbeatAddress: httpAddress.nullable().optional(),
    heartbeatSeconds: z.number().int().min(10).max(86_400).default(60),
  }),
  response: alertSettings,
});
