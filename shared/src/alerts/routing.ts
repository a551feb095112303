import { z } from "zod";
import { roles } from "../capabilities.ts";
import { defineEndpoint, shownName, timestamp } from "../endpoint.ts";
import { reasonText } from "../reason.ts";
import { contact } from "./channels.ts";

export const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 09:00");
export const timeZone = z
  .string()
  .max(60)
  .refine((name) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
    } catch {
      return false;
    }
  }, "is not a time zone such as Europe/Berlin");

/** A value may end with `*`. */
export const matcher = z.strictObject({
  label: z.string().trim().min(1).max(100),
  value: z.string().trim().min(1).max(200),
});
export type Matcher = z.infer<typeof matcher>;

/** Whom a step notifies. `layer`: of the rota, from 0. */
export const stepTarget = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rota"), layer: z.number().int().min(0).max(2) }),
  z.strictObject({ kind: z.literal("person"), userId: z.uuid() }),
  z.strictObject({ kind: z.literal("role"), role: z.enum(roles) }),
  z.strictObject({ kind: z.literal("channel"), channelId: z.uuid() }),
]);
export type StepTarget = z.infer<typeof stepTarget>;

export const step = z.strictObject({
  /** Minutes after the call began; the first step begins at once. */
  afterMinutes: z.number().int().min(0).max(1_440),
  targets: z.array(stepTarget).min(1).max(10),
});
export type Step = z.infer<typeof step>;

const definition = {
  name: shownName,
  /** All have to match the labels of an incident; a team without any takes what is left. */
  matchers: z.array(matcher).max(10),
  timeZone,
  /** Day of the hand-over, 1 is Monday. */
  handoverDay: z.number().int().min(1).max(7),
  handoverTime: timeOfDay,
  /** A date of the week in which the first person of each layer is on call. */
  rotaFrom: z.iso.date(),
  /** People of each layer, in the order in which they take over week by week. */
  layers: z.array(z.array(z.uuid()).max(50)).max(3),
  steps: z.array(step).min(1).max(10),
  /** How often the steps begin again after the last one. */
  repeats: z.number().int().min(0).max(10),
};

export const teamDefinition = z.strictObject(definition);
export type TeamDefinition = z.infer<typeof teamDefinition>;

export const team = z.object({
  id: z.uuid(),
  position: z.number().int(),
  version: z.number().int(),
  name: z.string(),
  matchers: z.array(matcher),
  timeZone: z.string(),
  handoverDay: z.number().int(),
  handoverTime: z.string(),
  rotaFrom: z.iso.date(),
  layers: z.array(z.array(z.uuid())),
  steps: z.array(step),
  repeats: z.number().int(),
});
export type Team = z.infer<typeof team>;

const teamKept = ["name", "matchers", "timeZone", "handover", "layers", "steps", "rounds"] as const;
const one = z.strictObject({ id: z.uuid() });

export const createTeam = defineEndpoint({
  method: "POST",
  path: "/alerts/teams",
  summary: "Create a team with its rota and escalation",
  access: "alerts:configure",
  action: "alerts.team.create",
  keeps: teamKept,
  body: teamDefinition,
  response: team,
  status: 201,
});

export const updateTeam = defineEndpoint({
  method: "PUT",
  path: "/alerts/teams/:id",
  summary: "Change a team, its rota or its escalation",
  access: "alerts:configure",
  action: "alerts.team.update",
  keeps: teamKept,
  params: one,
  body: z.strictObject({ ...definition, version: z.number().int() }),
  response: team,
});

export const deleteTeam = defineEndpoint({
  method: "DELETE",
  path: "/alerts/teams/:id",
  summary: "Delete a team; running calls of it end",
  access: "alerts:configure",
  action: "alerts.team.delete",
  keeps: teamKept,
  params: one,
  response: z.null(),
  status: 204,
});

export const override = z.object({
  id: z.uuid(),
  layer: z.number().int(),
  userId: z.uuid(),
  startsAt: timestamp,
  endsAt: timestamp,
  reason: z.string().nullable(),
  createdBy: z.string(),
});
export type Override = z.infer<typeof override>;

export const createOverride = defineEndpoint({
  method: "POST",
  path: "/alerts/teams/:id/overrides",
  summary: "Put another person on call for a time",
  access: "alerts:act",
  action: "alerts.override.create",
  keeps: ["person", "layer", "from", "until"],
  params: one,
  body: z.strictObject({
    layer: z.number().int().min(0).max(2),
    userId: z.uuid(),
    startsAt: timestamp,
    endsAt: timestamp,
    reason: reasonText.optional(),
  }),
  response: override,
  status: 201,
});

export const deleteOverride = defineEndpoint({
  method: "DELETE",
  path: "/alerts/overrides/:id",
  summary: "Remove an override; the rota holds again",
  access: "alerts:act",
  action: "alerts.override.delete",
  keeps: ["person", "layer", "from", "until"],
  params: one,
  response: z.null(),
  status: 204,
});

/** What a person chooses among. `digest`: gathered, by e-mail. */
export const personalWays = ["bell", "push", "email", "pagerduty", "digest"] as const;
export const personalWay = z.enum(personalWays);
export type PersonalWay = z.infer<typeof personalWay>;
const ways = z.array(personalWay).max(personalWays.length);

export const personalRules = z.strictObject({
  critical: z.strictObject({ day: ways, night: ways }),
  warning: z.strictObject({ day: ways, night: ways }),
  info: z.strictObject({ day: ways, night: ways }),
});
export type PersonalRules = z.infer<typeof personalRules>;

const preferences = {
  timeZone,
  nightFrom: timeOfDay,
  nightTo: timeOfDay,
  rules: personalRules,
  /** Whether the console makes a sound when a critical incident begins. */
  hasSound: z.boolean(),
};

export const mine = z.object({
  timeZone: z.string(),
  nightFrom: z.string(),
  nightTo: z.string(),
  rules: personalRules,
  hasSound: z.boolean(),
  version: z.number().int(),
  contacts: z.array(contact),
  /** The account's address, if this installation can send e-mail. */
  email: z.string().nullable(),
  /** For `pushManager.subscribe`. */
  vapidPublicKey: z.string(),
});
export type Mine = z.infer<typeof mine>;

export const readMine = defineEndpoint({
  method: "GET",
  path: "/alerts/me",
  summary: "How you are reached in this organization",
  access: "session",
  response: mine,
});

export const updateMine = defineEndpoint({
  method: "PUT",
  path: "/alerts/me",
  summary: "Choose how you are reached, by severity and hour",
  access: "session",
  action: "alerts.preferences.update",
  keeps: ["timeZone", "nightFrom", "nightTo", "critical", "warning", "info", "hasSound"],
  body: z.strictObject({ ...preferences, version: z.number().int() }),
  response: mine,
});

/** A stretch of time in which one person is on call. */
export const shift = z.object({
  from: timestamp,
  to: timestamp,
  userId: z.uuid(),
  name: z.string(),
  /** The override that puts this person on call; null for the rota. */
  overrideId: z.uuid().nullable(),
  reason: z.string().nullable(),
  by: z.string().nullable(),
  /** Why the person cannot be reached; null if one can. */
  gap: z.string().nullable(),
});
export type Shift = z.infer<typeof shift>;

export const readinessGap = z.object({
  kind: z.enum(["not_reachable", "not_at_night", "nobody", "no_team", "channel_failing"]),
  /** Who or what, and why, in one line. */
  title: z.string(),
  detail: z.string(),
  /** Where it would matter: `Platform, step 1`. */
  where: z.string(),
  /** From when; null for always. */
  from: timestamp.nullable(),
  to: timestamp.nullable(),
  teamId: z.uuid().nullable(),
  userId: z.uuid().nullable(),
});
export type ReadinessGap = z.infer<typeof readinessGap>;

const person = z.object({
  userId: z.uuid(),
  name: z.string(),
  /** As chosen, in order, with what cannot be used left out. */
  criticalDay: z.array(personalWay),
  criticalNight: z.array(personalWay),
  warning: z.array(personalWay),
  testedAt: timestamp.nullable(),
  /** Why a chosen way cannot be used; null when all can. */
  problem: z.string().nullable(),
});
export type OnCallPerson = z.infer<typeof person>;

export const onCall = z.object({
  checkedAt: timestamp,
  /** The two weeks that the shifts cover. */
  from: timestamp,
  to: timestamp,
  teams: z.array(
    z.object({
      team,
      /** Of each layer, in order of time. */
      shifts: z.array(z.array(shift)),
      overrides: z.array(override),
      handovers: z.array(z.object({ at: timestamp, local: z.string() })),
      /** Of each step now. */
      steps: z.array(
        z.object({
          who: z.string(),
          detail: z.string(),
          channels: z.number().int(),
          gap: z.string().nullable(),
        }),
      ),
      /** Who is called first now; null for nobody. */
      now: z.string().nullable(),
    }),
  ),
  gaps: z.array(readinessGap),
  /** Everyone who is on a step or a rota. */
  people: z.array(person),
  /** Who can be chosen, at most 500. */
  members: z.array(z.object({ userId: z.uuid(), name: z.string() })),
});
export type OnCall = z.infer<typeof onCall>;

export const readOnCall = defineEndpoint({
  method: "GET",
  path: "/alerts/on-call",
  summary: "Who is on call for two weeks, the steps of each team, and everyone who could not be reached",
  access: "alerts:read",
  response: onCall,
});
