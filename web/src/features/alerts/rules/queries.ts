import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  createRule,
  deleteRule,
  listRuleSeries,
  listRules,
  previewRule,
  type RuleDefinition,
  readRule,
  updateRule,
} from "@wheelhouse/shared/alerts/rules.ts";
import { call } from "#lib/api/api.ts";

const countEveryMs = 10_000;
const keyOf = (organization: string) => ["alerts", organization, "rules"] as const;

/** All rules with their alerts now. */
export const rulesQuery = (organization: string) =>
  queryOptions({
    queryKey: keyOf(organization),
    queryFn: ({ signal }) => call(listRules, {}, { organization, signal }),
    refetchInterval: countEveryMs,
  });

/** One rule with its versions. */
export const ruleQuery = (organization: string, key: string) =>
  queryOptions({
    queryKey: ["alerts", organization, "rule", key],
    queryFn: ({ signal }) => call(readRule, { params: { key } }, { organization, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What rules can watch. */
export const ruleSeriesQuery = (organization: string) =>
  queryOptions({
    queryKey: ["alerts", organization, "series"],
    queryFn: ({ signal }) => call(listRuleSeries, {}, { organization, signal }),
    staleTime: 60_000,
  });

/** When a draft would have fired. */
export const previewQuery = (
  organization: string,
  {
    definition,
    span,
    thing,
  }: { definition: RuleDefinition; span: "day" | "week"; thing: string | undefined },
) => {
  const text = JSON.stringify(definition);
  return queryOptions({
    queryKey: ["alerts", organization, "preview", text, span, thing],
    queryFn: ({ signal }) =>
      call(previewRule, { query: { definition: text, span, thing } }, { organization, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
};

/** Saves a rule; `version` null creates it. */
export const useSaveRule = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      key,
      version,
      definition,
    }: {
      key: string;
      version: number | null;
      definition: RuleDefinition;
    }) =>
      version === null
        ? call(createRule, { body: { key, definition } }, { organization })
        : call(updateRule, { params: { key }, body: { version, definition } }, { organization }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["alerts", organization] }),
  });
};

export const useDeleteRule = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ key, version }: { key: string; version: number }) =>
      call(deleteRule, { params: { key }, query: { version } }, { organization }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["alerts", organization] }),
  });
};
