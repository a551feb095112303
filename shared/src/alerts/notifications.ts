import { z } from "zod";
import { defineEndpoint, page, paging, timestamp } from "../endpoint.ts";
import { defineTopic } from "../live/topic.ts";

/** Worst first. */
export const severities = ["critical", "warning", "info"] as const;
export const severity = z.enum(severities);
export type Severity = z.infer<typeof severity>;

/** What an incident announces. */
export const incidentEvents = ["fired", "reopened", "resolved", "acknowledged", "escalated"] as const;
export type IncidentEvent = (typeof incidentEvents)[number];

/** `mail`: an invitation or a link for a new password. `channel`: a channel fails or works again. */
export const notificationEvents = [...incidentEvents, "digest", "test", "mail", "channel"] as const;
const notificationEvent = z.enum(notificationEvents);
export type NotificationEvent = z.infer<typeof notificationEvent>;

export const channelKinds = [
  "bell",
  "email",
  "push",
  "slack",
  "teams",
  "pagerduty",
  "json",
  "webhook",
] as const;
export const channelKind = z.enum(channelKinds);
export type ChannelKind = z.infer<typeof channelKind>;

/**
 * `held`: the recipient got enough for now, or takes digests only. `digested`: part of a digest since. `cancelled`: the
 * incident was acknowledged or resolved before it was sent.
 */
export const notificationStates = [
  "pending",
  "sending",
  "sent",
  "failed",
  "cancelled",
  "held",
  "digested",
] as const;
const notificationState = z.enum(notificationStates);
export type NotificationState = z.infer<typeof notificationState>;

export const bellItem = z.object({
  id: z.uuid(),
  event: notificationEvent,
  severity,
  title: z.string(),
  summary: z.string(),
  /** Below `/o/:org`. */
  path: z.string(),
  at: timestamp,
  readAt: timestamp.nullable(),
});
export type BellItem = z.infer<typeof bellItem>;

/** One new item of the bell of one person. */
export const bellTopic = defineTopic({
  name: "notifications",
  kind: "personal",
  capability: "alerts:read",
  message: bellItem,
});

export const readBell = defineEndpoint({
  method: "GET",
  path: "/notifications/bell",
  summary: "Your newest notifications in this organization, and how many are unread",
  access: "session",
  response: z.object({
    items: z.array(bellItem),
    unread: z.number().int(),
    /** Whether a critical one makes a sound. */
    hasSound: z.boolean(),
  }),
});

export const markBellRead = defineEndpoint({
  method: "POST",
  path: "/notifications/bell/read",
  summary: "Mark your notifications up to one as read",
  access: "session",
  // What a person has looked at is no act on the organization.
  audited: false,
  body: z.strictObject({ upTo: z.uuid() }),
  response: z.object({ unread: z.number().int() }),
});

export const notification = z.object({
  id: z.uuid(),
  incidentId: z.uuid().nullable(),
  event: notificationEvent,
  severity,
  title: z.string(),
  channel: channelKind,
  recipient: z.string(),
  team: z.string().nullable(),
  /** The step of the escalation, from 1. */
  step: z.number().int().nullable(),
  state: notificationState,
  attempts: z.number().int(),
  /** When it is sent, if it waits. */
  dueAt: timestamp,
  sentAt: timestamp.nullable(),
  latencyMs: z.number().nullable(),
  error: z.string().nullable(),
  /** Looked at in the bell, or acknowledged by its link. */
  seenAt: timestamp.nullable(),
  createdAt: timestamp,
});
export type Notification = z.infer<typeof notification>;

export const listNotifications = defineEndpoint({
  method: "GET",
  path: "/notifications",
  summary: "Notifications of the last 30 days, newest first: to whom, over what, and what became of each",
  access: "alerts:read",
  query: z.strictObject({
    ...paging,
    incidentId: z.uuid().optional(),
    state: notificationState.optional(),
  }),
  response: page(notification),
});
