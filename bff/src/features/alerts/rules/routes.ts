import {
  createRule,
  deleteRule,
  listRuleSeries,
  listRules,
  previewRule,
  readRule,
  updateRule,
} from "@wheelhouse/shared/alerts/rules.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/http/route.ts";
import type { Preview } from "./preview.ts";
import type { RulesService } from "./service.ts";

export function ruleRoutes(
  api: FastifyInstance,
  { rules, preview }: { rules: RulesService; preview: Preview },
) {
  route(api, listRules, async (_, { organization }) => ({
    items: await rules.list(organization),
    nextCursor: null,
  }));
  route(api, listRuleSeries, (_, { organization }) => ({ items: preview.series(organization) }));
  route(api, previewRule, ({ query }, { organization }) => preview.draw(organization, query));
  route(api, readRule, ({ params }, { organization }) => rules.read(organization, params.key));
  route(api, createRule, ({ body }, context) => rules.create(body, context));
  route(api, updateRule, ({ params, body }, context) => rules.update(params.key, body, context));
  route(api, deleteRule, ({ params, query }, context) => rules.delete(params.key, query.version, context));
}
