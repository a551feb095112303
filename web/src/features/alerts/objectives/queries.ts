import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  createObjective,
  deleteObjective,
  listObjectives,
  type ObjectiveDefinition,
  updateObjective,
} from "@wheelhouse/shared/alerts/objectives.ts";
import { call } from "#lib/api/api.ts";

const everyMs = 30_000;

/** Objectives with what is left of their budgets. */
export const objectivesQuery = (organization: string) =>
  queryOptions({
    queryKey: ["alerts", organization, "objectives"],
    queryFn: ({ signal }) => call(listObjectives, {}, { organization, signal }),
    refetchInterval: everyMs,
  });

/** Saves an objective; `version` null creates it. */
export const useSaveObjective = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (of: { key: string; version: number | null; definition: ObjectiveDefinition }) =>
      of.version === null
        ? call(createObjective, { body: { key: of.key, definition: of.definition } }, { organization })
        : call(
            updateObjective,
            { params: { key: of.key }, body: { version: of.version, definition: of.definition } },
            { organization },
          ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["alerts", organization] }),
  });
};

export const useDeleteObjective = (organization: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ key, version }: { key: string; version: number }) =>
      call(deleteObjective, { params: { key }, query: { version } }, { organization }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["alerts", organization] }),
  });
};
