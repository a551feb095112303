import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { createWallGrant, listWallGrants, revokeWallGrant } from "@wheelhouse/shared/alerts/wall.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Core, Feature } from "#lib/feature.ts";
import { credentialOf, isSameOrigin } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import { createGrants } from "./grants.ts";
import { type LiteIncident, type LiteRow, litePage } from "./lite-page.ts";
import { wallDataOf } from "./wall-data.ts";
import { wallPage, wallSource } from "./wall-page.ts";

type Verdict = { parts: { text: string; tone: string }[]; sentence: string };

type WallNeeds = {
  secretKey: string;
  overviewOf(organization: OrganizationKey): Overview;
  verdictOf(overview: Overview, nowMs: number): Verdict;
  /** Rows of services and queues, worst first, as their lists give them. */
  servicesOf(organization: OrganizationKey): unknown;
  queuesOf(organization: OrganizationKey): unknown;
  /** Open incidents, and how they are acknowledged; null while there are none to read. */
  incidents: {
    open(organizationId: string): Promise<LiteIncident[]>;
    acknowledge(incidentId: string, context: RequestContext): Promise<unknown>;
  } | null;
};

const version = createHash("sha256").update(wallSource).digest("hex").slice(0, 12);
const policy = (extra: string) =>
  `default-src 'none'; ${extra}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const serviceList = z.object({
  items: z.array(
    z.object({ name: z.string(), state: z.string(), label: z.string(), latencyMsP95: z.number().nullable() }),
  ),
});
const queueList = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      label: z.string(),
      counts: z.object({ waiting: z.number(), prioritized: z.number() }),
    }),
  ),
});
const chosen = z.object({ organization: z.string().max(100).optional() });
const posted = z.object({ organization: z.string().max(100), csrf: z.string().max(100), incident: z.uuid() });
const unavailableMs = 2_000;

/** The wallboard `/wall`, and `/lite`, the console without a script. */
export function createWall(core: Core, needs: WallNeeds) {
  const { clock, admit, config } = core;
  const { secretKey, overviewOf, verdictOf } = needs;
  const grants = createGrants(core, secretKey);
  const csrfKey = Buffer.from(
    hkdfSync("sha256", Buffer.from(secretKey, "base64"), "", "wheelhouse lite forms", 32),
  );
  const csrfOf = (token: string) => createHmac("sha256", csrfKey).update(token).digest("base64url");
  const made = new Map<string, { key: string; text: string }>();

  /** One encoding a second and organization, whoever looks. */
  function dataFor(organization: OrganizationKey, name: string): string {
    const nowMs = clock.now();
    const overview = overviewOf(organization);
    const key = `${overview.observedAt}:${Math.floor(nowMs / 1_000)}`;
    const known = made.get(organization.id);
    if (known?.key === key) return known.text;
    const data = wallDataOf(name, overview, verdictOf(overview, nowMs), nowMs);
    const text = JSON.stringify(Object.assign(data, { version }));
    made.set(organization.id, { key, text });
    return text;
  }

  function mountWall(app: FastifyInstance) {
    app.get("/wall", { schema: { hide: true } }, async (_request, reply) => {
      const nonce = randomBytes(16).toString("base64");
      return reply
        .header(
          "content-security-policy",
          policy(`script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'`),
        )
        .header("cache-control", "no-store")
        .header("referrer-policy", "no-referrer")
        .type("text/html; charset=utf-8")
        .send(wallPage(nonce, version));
    });
    app.get("/wall/data", { schema: { hide: true } }, async (request, reply) => {
      const given = request.headers["x-wheelhouse-wall"];
      const granted = typeof given === "string" && given.length <= 2_000 ? grants.read(given) : null;
      if (!granted) throw new AppError("unauthenticated", "This wallboard link is not valid.");
      const { org, slug, name } = granted;
      return reply
        .header("cache-control", "no-store")
        .type("application/json; charset=utf-8")
        .send(dataFor({ id: org, slug }, name));
    });
  }

  async function admitted(
    request: FastifyRequest,
    organization: string | undefined,
    access: "overview:read" | "alerts:act",
  ) {
    const { token } = credentialOf(request);
    const caller = {
      token,
      organization: organization || undefined,
      requestId: request.id,
      address: request.ip,
      userAgent: request.headers["user-agent"] ?? null,
      idempotencyKey: null,
    };
    const admission = await admit(caller, {
      access,
      snapshot: access === "overview:read",
      write: access === "alerts:act",
    });
    return { token: token ?? "", admission };
  }

  function toSignIn(reply: FastifyReply) {
    return reply.redirect(
      `${config.http.basePath}/signin?next=${encodeURIComponent(`${config.http.basePath}/lite`)}`,
      303,
    );
  }

  async function openIncidents(organizationId: string): Promise<LiteIncident[] | null> {
    if (needs.incidents === null) return [];
    const read = needs.incidents.open(organizationId).catch(() => null);
    return Promise.race([
      read,
      new Promise<null>((resolve) => setTimeout(() => resolve(null), unavailableMs).unref()),
    ]);
  }

  async function lite(request: FastifyRequest, reply: FastifyReply) {
    const { organization: named } = chosen.parse(request.query);
    const { token, admission } = await admitted(request, named, "overview:read");
    if (!admission.ok) {
      if (admission.error.code === "unauthenticated") return toSignIn(reply);
      throw admission.error;
    }
    const { actor, organization } = admission.context;
    const overview = overviewOf(organization);
    const nowMs = clock.now();
    const mayAct = needs.incidents !== null && actor.can("alerts:act").in(organization.id).check();
    const html = litePage({
      organization,
      overview,
      verdict: verdictOf(overview, nowMs),
      services: servicesIn(needs.servicesOf(organization)),
      queues: queuesIn(needs.queuesOf(organization)),
      incidents: await openIncidents(organization.id),
      csrf: mayAct ? csrfOf(token) : null,
      person: actor.display,
      basePath: config.http.basePath,
      nowMs,
    });
    return reply
      .header("content-security-policy", policy("style-src 'unsafe-inline'"))
      .header("cache-control", "no-store")
      .type("text/html; charset=utf-8")
      .send(html);
  }

  async function acknowledge(request: FastifyRequest, reply: FastifyReply) {
    const form = posted.safeParse(request.body).data;
    const { origin } = request.headers;
    if (!form || (origin !== undefined && origin !== "null" && !isSameOrigin(origin, request.host)))
      throw new AppError("forbidden", "A change must come from Wheelhouse's own pages.");
    const { token, admission } = await admitted(request, form.organization, "alerts:act");
    if (!admission.ok) {
      if (admission.error.code === "unauthenticated") return toSignIn(reply);
      throw admission.error;
    }
    const given = Buffer.from(form.csrf);
    const right = Buffer.from(csrfOf(token));
    if (given.length !== right.length || !timingSafeEqual(given, right))
      throw new AppError("forbidden", "This form is older than your sign-in. Load the page again.");
    await needs.incidents?.acknowledge(form.incident, admission.context);
    const { slug } = admission.context.organization;
    return reply.redirect(`${config.http.basePath}/lite?organization=${slug}`, 303);
  }

  return {
    routes(api) {
      route(api, listWallGrants, (_, context) => grants.list(context));
      route(api, createWallGrant, ({ body }, context) => grants.create(body, context));
      route(api, revokeWallGrant, ({ params }, context) => grants.revoke(params.id, context));
    },
    mount(app) {
      if (!config.roles.includes("web")) return;
      mountWall(app);
      void app.register(async (scope) => {
        scope.addContentTypeParser(
          "application/x-www-form-urlencoded",
          { parseAs: "string", bodyLimit: 4_096 },
          (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
        );
        scope.get("/lite", { schema: { hide: true } }, lite);
        scope.post("/lite/acknowledge", { schema: { hide: true } }, acknowledge);
      });
    },
  } satisfies Feature;
}

const servicesIn = (list: unknown): LiteRow[] =>
  (serviceList.safeParse(list).data?.items ?? []).map(({ name, state, label, latencyMsP95 }) => ({
    name,
    state,
    label,
    detail: latencyMsP95 === null ? "–" : `${Math.round(latencyMsP95)} ms`,
  }));

const queuesIn = (list: unknown): LiteRow[] =>
  (queueList.safeParse(list).data?.items ?? []).map(({ name, state, label, counts }) => ({
    name,
    state,
    label,
    detail: (counts.waiting + counts.prioritized).toLocaleString("en-US"),
  }));
