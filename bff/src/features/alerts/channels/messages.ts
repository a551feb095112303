import type { NotificationEvent, Severity } from "@wheelhouse/shared/alerts/notifications.ts";

/** One message, before it takes the form of a channel. */
export type Message = {
  id: string;
  organizationId: string;
  organization: { slug: string; name: string };
  incidentId: string | null;
  event: NotificationEvent;
  severity: Severity;
  title: string;
  summary: string;
  /** Full address of the page. */
  url: string;
  /** Acknowledges once without a sign-in; null where that is not allowed. */
  acknowledgeUrl: string | null;
  startedAt: Date | null;
  /** Replaces the text of an e-mail, as in an invitation. */
  text: string | null;
};

const words: Record<NotificationEvent, string> = {
  fired: "Firing",
  reopened: "Reopened",
  resolved: "Resolved",
  acknowledged: "Acknowledged",
  escalated: "Now more severe",
  digest: "Digest",
  test: "Test",
  mail: "",
  channel: "Channel",
};

const severityWords: Record<Severity, string> = { critical: "Critical", warning: "Warning", info: "Info" };
const colours: Record<Severity, string> = { critical: "#c4231c", warning: "#c8821a", info: "#2b56c6" };
const calm = "#1a7f4b";

const isOver = ({ event }: Message) => event === "resolved" || event === "acknowledged";

/** The headline: what happened, how bad, to what. */
function headlineOf(message: Message): string {
  const { event, severity, title } = message;
  if (event === "mail") return title;
  const word = words[event];
  const isCall = event === "fired" || event === "reopened" || event === "escalated";
  return isCall ? `${severityWords[severity]}: ${title}` : `${word}: ${title}`;
}

const sinceOf = ({ startedAt }: Message) =>
  startedAt ? `Since ${startedAt.toISOString().slice(0, 16).replace("T", " ")} UTC` : "";

const linesOf = (message: Message): string[] =>
  [message.summary, [message.organization.name, sinceOf(message)].filter(Boolean).join(" · ")].filter(
    Boolean,
  );

/** Subject and text of an e-mail. */
export function mailOf(message: Message): { subject: string; text: string } {
  const { text, url, acknowledgeUrl } = message;
  const subject = headlineOf(message);
  if (text !== null) return { subject, text };
  const links = [
    `Open: ${url}`,
    ...(acknowledgeUrl === null ? [] : [`Acknowledge (once, no sign-in): ${acknowledgeUrl}`]),
  ];
  return { subject, text: [...linesOf(message), "", ...links, ""].join("\n") };
}

/** Slack's markup has three characters of its own. */
const slackText = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** For an incoming webhook of Slack. */
export function slackOf(message: Message): object {
  const headline = slackText(headlineOf(message));
  const links = [
    `<${message.url}|Open>`,
    ...(message.acknowledgeUrl === null ? [] : [`<${message.acknowledgeUrl}|Acknowledge>`]),
  ].join(" · ");
  const body = [...linesOf(message).map(slackText), links].join("\n").slice(0, 2_900);
  return {
    text: headline,
    attachments: [
      {
        color: isOver(message) ? calm : colours[message.severity],
        fallback: headline,
        blocks: [
          { type: "section", text: { type: "mrkdwn", text: `*${headline.slice(0, 2_000)}*` } },
          { type: "section", text: { type: "mrkdwn", text: body } },
        ],
      },
    ],
  };
}

/** An adaptive card for an incoming webhook or workflow of Microsoft Teams. */
export function teamsOf(message: Message): object {
  const block = (text: string, more: object) => ({ type: "TextBlock", text, wrap: true, ...more });
  const openUrl = (title: string, url: string) => ({ type: "Action.OpenUrl", title, url });
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: [
            block(headlineOf(message), {
              weight: "Bolder",
              size: "Medium",
              color: isOver(message) ? "Good" : message.severity === "critical" ? "Attention" : "Warning",
            }),
            ...linesOf(message).map((line) => block(line, { spacing: "Small" })),
          ],
          actions: [
            openUrl("Open", message.url),
            ...(message.acknowledgeUrl === null ? [] : [openUrl("Acknowledge", message.acknowledgeUrl)]),
          ],
        },
      },
    ],
  };
}

/** One incident at PagerDuty and others is one key, whatever happens to it. */
export const deduplicationKeyOf = ({ incidentId, id }: Message) => `wheelhouse-${incidentId ?? id}`;

const actions: Partial<Record<NotificationEvent, "acknowledge" | "resolve">> = {
  acknowledged: "acknowledge",
  resolved: "resolve",
};

/** For the Events API v2 of PagerDuty. */
export function pagerDutyOf(message: Message, routingKey: string): object {
  const action = actions[message.event] ?? "trigger";
  const head = { routing_key: routingKey, event_action: action, dedup_key: deduplicationKeyOf(message) };
  if (action !== "trigger") return head;
  return {
    ...head,
    payload: {
      summary: headlineOf(message).slice(0, 1_024),
      source: `Wheelhouse ${message.organization.name}`,
      severity: message.severity,
      ...(message.startedAt ? { timestamp: message.startedAt.toISOString() } : {}),
      custom_details: { summary: message.summary, event: message.event },
    },
    client: "Wheelhouse",
    client_url: message.url,
    links: [{ href: message.url, text: "Open in Wheelhouse" }],
  };
}

const priorities: Record<Severity, string> = { critical: "P1", warning: "P3", info: "P5" };

/** Generic JSON in the shape that Opsgenie takes for alerts, with what happened beside it. */
export function jsonOf(message: Message): object {
  return {
    id: message.id,
    action: isOver(message) ? (message.event === "resolved" ? "close" : "acknowledge") : "create",
    event: message.event,
    alias: deduplicationKeyOf(message),
    message: headlineOf(message).slice(0, 130),
    description: [message.title, message.summary].filter(Boolean).join("\n"),
    priority: priorities[message.severity],
    severity: message.severity,
    source: "Wheelhouse",
    entity: message.organization.slug,
    details: {
      organization: message.organization.name,
      incidentId: message.incidentId,
      url: message.url,
      acknowledgeUrl: message.acknowledgeUrl,
      startedAt: message.startedAt?.toISOString() ?? null,
    },
  };
}

/** What the service worker shows; push services carry at most 4 KiB. */
export function pushOf(message: Message): string {
  const { id, event, severity, summary, url, acknowledgeUrl } = message;
  return JSON.stringify({
    id,
    event,
    severity,
    tag: deduplicationKeyOf(message),
    title: headlineOf(message).slice(0, 200),
    body: [summary, sinceOf(message)].filter(Boolean).join("\n").slice(0, 600),
    url,
    acknowledgeUrl,
  });
}
