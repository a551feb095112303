import type { SharedChannelKind } from "@wheelhouse/shared/alerts/channels.ts";
import type { ChannelKind, NotificationState } from "@wheelhouse/shared/alerts/notifications.ts";
import type { OnCall, PersonalWay } from "@wheelhouse/shared/alerts/routing.ts";
import { formatPlural } from "#lib/format.ts";

export const channelNames: Record<ChannelKind, string> = {
  bell: "in-app",
  email: "e-mail",
  push: "browser push",
  slack: "Slack",
  teams: "Microsoft Teams",
  pagerduty: "PagerDuty",
  json: "generic JSON",
  webhook: "signed webhook",
};

export const sharedKindNames: Record<SharedChannelKind, string> = {
  slack: "Slack",
  teams: "Microsoft Teams",
  pagerduty: "PagerDuty",
  json: "Generic JSON (Opsgenie)",
  webhook: "Signed webhook",
};

export const wayNames: Record<PersonalWay, string> = {
  bell: "in-app",
  push: "push",
  email: "e-mail",
  pagerduty: "PagerDuty",
  digest: "digest",
};

export const stateNames: Record<NotificationState, string> = {
  pending: "waiting",
  sending: "being sent",
  sent: "sent",
  failed: "failed",
  cancelled: "cancelled: acknowledged before",
  held: "held for a digest",
  digested: "part of a digest",
};

export const waysText = (ways: readonly PersonalWay[]): string =>
  ways.length === 0 ? "none" : ways.map((way) => wayNames[way]).join(", ");

/** The page in one sentence: who is on call, and who could not be called. */
export const verdictOf = ({ teams, gaps }: OnCall): { calm: string; warning: string } => {
  const [first] = teams;
  const rest = teams.length > 1 ? ` and ${formatPlural(teams.length - 1, "other team")}` : "";
  const calm =
    first === undefined
      ? "No team takes incidents yet."
      : `${first.now ?? "Nobody"} is on call for ${first.team.name}${rest}.`;
  const people = new Set(gaps.flatMap(({ userId }) => userId ?? [])).size;
  const nowhere = gaps.filter(({ kind }) => kind === "nobody").length;
  const failing = gaps.filter(({ kind }) => kind === "channel_failing").length;
  const warnings = [
    ...(people > 0 ? [`${formatPlural(people, "person", "people")} cannot be reached`] : []),
    ...(nowhere > 0
      ? [`${formatPlural(nowhere, "step")} ${nowhere === 1 ? "leads" : "lead"} to nobody`]
      : []),
    ...(failing > 0 ? [`${formatPlural(failing, "channel")} ${failing === 1 ? "fails" : "fail"}`] : []),
  ];
  return { calm, warning: warnings.join(", ") };
};
