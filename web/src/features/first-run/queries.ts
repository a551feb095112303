import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SourceTrial, trySource } from "@wheelhouse/shared/sources/trial.ts";
import { createServer, createTarget } from "@wheelhouse/shared/sources.ts";
import { call } from "#lib/api/api.ts";

/** An address as entered, and what was found there. */
export type Tried = { address: string; trial: SourceTrial; name: string };

export const useTry = (organization: string) =>
  useMutation({
    mutationFn: async (address: string): Promise<Tried> => {
      const trial = await call(trySource, { body: { address } }, { organization });
      return { address, trial, name: trial.name };
    },
  });

const keepOne = ({ address, trial, name }: Tried, organization: string) => {
  const { kept, slug } = trial;
  const url = address.trim();
  if (kept.kind === "redis" || kept.kind === "postgres")
    return call(
      createServer,
      { body: { slug, definition: { kind: kept.kind, name, url } } },
      { organization },
    );
  const { host } = new URL(url);
  const definition =
    kept.kind === "service"
      ? {
          kind: "service" as const,
          name,
          format: kept.format,
          actuatorBreakers: kept.actuatorBreakers,
          instances: [{ id: host, url }],
        }
      : {
          kind: "prometheus" as const,
          name,
          service: slug.replace(/-metrics(?:-\d+)?$/, "") || slug,
          instance: host,
          url,
        };
  return call(createTarget, { body: { slug, definition } }, { organization });
};

/** Keeps what was tried, one after the other. `onKept` hears of each, so that a failure later loses none. */
export const useKeep = (organization: string, onKept: (tried: Tried) => void) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (all: readonly Tried[]) => {
      for (const tried of all) {
        await keepOne(tried, organization);
        onKept(tried);
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["sources", organization] }),
  });
};
