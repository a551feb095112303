import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Links } from "./links.ts";

/** Acknowledges an incident for a person who followed a link. @returns false if it is over or taken already */
export type Acknowledge = (given: {
  organizationId: string;
  incidentId: string;
  by: string;
}) => Promise<boolean>;

const usedText = "This link was used before.";
const validMs = 24 * 3_600_000;
const path = z.object({ token: z.string().max(100) });

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

const style =
  ":root{color-scheme:light dark}body{font:16px/24px Helvetica,Arial,sans-serif;max-width:32rem;margin:0 auto;padding:24px 16px}" +
  "h1{font-size:20px;line-height:28px}button{font:inherit;font-weight:600;width:100%;min-height:52px;border:0;border-radius:6px;background:#2b56c6;color:#fff}";

function send(reply: FastifyReply, status: number, title: string, body: string) {
  return reply
    .status(status)
    .header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
    .header("cache-control", "no-store")
    .header("referrer-policy", "no-referrer")
    .type("text/html; charset=utf-8")
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${escapeHtml(title)}</title><style>${style}</style><h1>${escapeHtml(title)}</h1>${body}`,
    );
}

type PageDeps = {
  database: Database;
  links: Links;
  acknowledge: Acknowledge | null;
  urlOf(slug: string, path: string): string;
  clock: Clock;
};

/** The notification of a link with what its page shows; null for a link that was not made here, or is forgotten. */
async function find({ database, links }: PageDeps, token: string) {
  const id = links.read(token);
  if (id === null) return null;
  const row = await database.system
    .selectFrom("notifications")
    .innerJoin("organizations", "organizations.id", "notifications.org_id")
    .leftJoin("alert_settings", "alert_settings.org_id", "notifications.org_id")
    .select([
      "notifications.id",
      "notifications.org_id",
      "incident_id",
      "title",
      "summary",
      "path",
      "recipient",
      "link_used_at",
      "notifications.created_at",
      "slug",
      "name",
      "allows_links",
    ])
    .where("notifications.id", "=", id)
    .executeTakeFirst();
  return row?.incident_id == null ? null : { ...row, incident_id: row.incident_id };
}
type Found = NonNullable<Awaited<ReturnType<typeof find>>>;

/** Why a link cannot acknowledge; null if it can. */
function refusalOf({ acknowledge, clock }: PageDeps, row: Found): string | null {
  if (!row.allows_links || acknowledge === null) return `${row.name} asks for a sign-in to acknowledge.`;
  if (row.link_used_at !== null) return usedText;
  return clock.now() - row.created_at.getTime() > validMs ? "This link is older than a day." : null;
}

/** Marks the link as used. @returns false if it was used before */
async function use({ database, clock }: PageDeps, { id }: Found): Promise<boolean> {
  const used = await database.system
    .updateTable("notifications")
    .set({ link_used_at: new Date(clock.now()) })
    .where("id", "=", id)
    .where("link_used_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return used !== undefined;
}

/**
 * `/acknowledge/<link>`: shows the incident and takes it with one button. Opening the page changes nothing, because mail
 * programs open links, too. Each link works once, for a day, and only while the organization allows it.
 */
export function mountAcknowledgePage(app: FastifyInstance, deps: PageDeps) {
  const { acknowledge, urlOf } = deps;
  const openLink = ({ slug, path: page }: Found) =>
    `<p><a href="${escapeHtml(urlOf(slug, page))}">Open in the console</a></p>`;
  const unknown = (reply: FastifyReply) =>
    send(
      reply,
      404,
      "This link is not valid",
      "<p>It is not complete, or its notification is older than 30 days.</p>",
    );

  async function show(request: FastifyRequest, reply: FastifyReply) {
    const row = await find(deps, path.parse(request.params).token);
    if (!row) return unknown(reply);
    const refusal = refusalOf(deps, row);
    const form =
      refusal === null
        ? '<form method="post"><button>Acknowledge</button></form>'
        : `<p>${escapeHtml(refusal)}</p>`;
    const text = `<p>${escapeHtml(row.summary)}</p><p>${escapeHtml(row.name)}</p>${form}${openLink(row)}`;
    return send(reply, 200, row.title, text);
  }

  async function take(request: FastifyRequest, reply: FastifyReply) {
    const row = await find(deps, path.parse(request.params).token);
    if (!row) return unknown(reply);
    const refuse = (text: string) =>
      send(reply, 409, row.title, `<p>${escapeHtml(text)}</p>${openLink(row)}`);
    const refusal = refusalOf(deps, row);
    if (refusal !== null || acknowledge === null) return refuse(refusal ?? "");
    if (!(await use(deps, row))) return refuse(usedText);
    const taken = await acknowledge({
      organizationId: row.org_id,
      incidentId: row.incident_id,
      by: `${row.recipient} by link`,
    });
    const text = taken ? "Acknowledged. Nobody else is called." : "It was acknowledged or resolved already.";
    return send(reply, 200, row.title, `<p><b>${text}</b></p>${openLink(row)}`);
  }

  void app.register(async (scope) => {
    scope.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: 1_024 },
      (_request, _body, done) => done(null, {}),
    );
    scope.get("/acknowledge/:token", { schema: { hide: true, params: path } }, show);
    scope.post("/acknowledge/:token", { schema: { hide: true, params: path } }, take);
  });
}
