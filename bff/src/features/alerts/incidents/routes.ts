import {
  acknowledgeIncident,
  assignIncident,
  listIncidents,
  noteIncident,
  readAlerts,
  readHandover,
  readIncident,
  readIncidentSummary,
  resolveIncident,
  snoozeIncident,
} from "@wheelhouse/shared/alerts/incidents.ts";
import { figureName } from "@wheelhouse/shared/alerts/words.ts";
import type { FastifyInstance } from "fastify";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import { handoverMarkdown, incidentMarkdown } from "./markdown.ts";
import type { IncidentReading } from "./reading.ts";
import type { IncidentActs } from "./service.ts";

const weekMs = 7 * 86_400_000;
const mayReadActs = ({ actor, organization }: RequestContext) =>
  actor.can("audit:read").in(organization.id).check();

type Needs = {
  reading: IncidentReading;
  acts: IncidentActs;
  countRules(organization: OrganizationKey): Promise<number>;
  /** Values of a figure. */
  valuesOf(
    organizationId: string,
    of: { kind: string; id: string; metric: string; from: string; to: string },
  ): Promise<readonly (number | null)[]>;
  clock: Clock;
};

export function incidentRoutes(api: FastifyInstance, { reading, acts, countRules, valuesOf, clock }: Needs) {
  route(api, readAlerts, async (_, { organization }) =>
    Object.assign(await reading.summary(organization), { rules: await countRules(organization) }),
  );
  route(api, listIncidents, ({ query }, { organization }) => reading.list(organization.id, query));
  route(api, readHandover, async ({ query }, { organization }) => {
    const { from, to } = query;
    if (Date.parse(to) <= Date.parse(from)) throw invalidField("query.to", "must be after `from`");
    if (Date.parse(to) - Date.parse(from) > weekMs)
      throw invalidField("query.from", "must be at most 7 days before `to`");
    const read = Object.assign(await reading.handover(organization.id, query), { from, to });
    return Object.assign(read, { markdown: handoverMarkdown(Object.assign({ nowMs: clock.now() }, read)) });
  });
  route(api, readIncident, ({ params }, context) =>
    reading.detail(context.organization, params.number, mayReadActs(context)),
  );
  route(api, readIncidentSummary, async ({ params }, context) => {
    const { organization } = context;
    const incident = await reading.detail(organization, params.number, mayReadActs(context));
    const { chart, startedAt, resolvedAt } = incident;
    const range = {
      from: new Date(Date.parse(startedAt) - 1_800_000).toISOString(),
      to: resolvedAt ?? new Date(clock.now()).toISOString(),
    };
    const values = chart === null ? [] : await valuesOf(organization.id, Object.assign({}, chart, range));
    return {
      markdown: incidentMarkdown(incident, {
        nowMs: clock.now(),
        chart: chart === null ? null : { name: figureName(chart.metric), values },
      }),
    };
  });
  route(api, acknowledgeIncident, ({ params }, context) => acts.acknowledge(params.number, context));
  route(api, assignIncident, ({ params, body }, context) => acts.assign(params.number, body.to, context));
  route(api, noteIncident, ({ params, body }, context) => acts.note(params.number, body.text, context));
  route(api, snoozeIncident, ({ params, body }, context) => acts.snooze(params.number, body.until, context));
  route(api, resolveIncident, ({ params, body }, context) =>
    acts.resolve(params.number, body.reason, context),
  );
}
