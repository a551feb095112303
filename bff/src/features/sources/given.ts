import type { SourceTrial } from "@wheelhouse/shared/sources/trial.ts";
import { targetDefinition } from "@wheelhouse/shared/sources.ts";
import { uuidv7 } from "uuidv7";
import type { EnteredAddress } from "#lib/entered-address.mjs";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { SourcesFile } from "#observe/sources/sources.ts";
import { idOf, sourcesOf } from "./catalogue.ts";
import type { SourcesService } from "./service.ts";
import type { SourcesStore } from "./store.ts";
import type { Trials } from "./trial/trial.ts";

/** What became of an address that was given to the start. */
export type Given = {
  trial: SourceTrial;
  outcome: "kept" | "known" | "changed" | "refused";
  /** Why it was not kept. */
  problem: string | null;
};
/** `left`: sources that an earlier start kept and this one does not name. */
export type GivenReport = { given: readonly Given[]; left: readonly string[] };

const reason = "Given to npm start";

/** Whoever starts the installation acts on it as its operator. */
const starter = (): RequestContext => ({
  actor: {
    type: "system",
    id: null,
    display: "npm start -- --watch",
    authMethod: "internal",
    sessionId: null,
    can: () => ({ in: () => ({ check: () => true }) }),
  },
  organization: platformOrganization,
  subtreeIds: [platformOrganization.id],
  requestId: uuidv7(),
  address: null,
  userAgent: null,
  idempotencyKey: null,
});

/** Where an address leads, without its user and password: the same place is one source. */
function placeOf(text: string): string {
  const url = new URL(text);
  const { protocol, host, pathname, search } = url;
  if (/^https?:$/.test(protocol)) return `${protocol}//${host}${pathname}${search}`;
  const kind = protocol.startsWith("redis") ? "redis" : "postgres";
  // Redis' database may be left out.
  const database = kind === "redis" ? pathname.replace(/^\/0?$/, "") : pathname;
  return `${kind}://${url.port === defaultPorts[kind] ? url.hostname : host}${database}`;
}

const defaultPorts = { redis: "6379", postgres: "5432" };

type Known = { id: string; slug: string | null; version: number; url: string };

/**
 * Keeps the addresses that a start names as sources of the platform. An address that is watched already is not added
 * again; one with another password is changed. A source stays until it is deleted on the Sources page.
 */
export function createGivenSources({
  store,
  file,
  box,
  service,
  trials,
}: {
  store: Pick<SourcesStore, "all">;
  file: Pick<SourcesFile, "current">;
  box: SecretBox;
  service: Pick<SourcesService, "createServer" | "createTarget" | "updateServer">;
  trials: Pick<Trials, "examine" | "describe">;
}) {
  const organization = platformOrganization.slug;

  async function known(): Promise<Known[]> {
    const rows = (await store.all()).filter((row) => row.organization === organization);
    const byId = new Map(rows.map((row) => [idOf(organization, row.slug), row]));
    return [sourcesOf(rows, box), file.current()].flatMap(({ redis, postgres, services, prometheus }) =>
      [
        ...redis,
        ...postgres,
        ...prometheus,
        ...services.flatMap(({ id, instances }) => instances.map(({ url }) => ({ id, url }))),
      ].flatMap(({ id, url }) => {
        const row = byId.get(id);
        return url ? [{ id, url, slug: row?.slug ?? null, version: row?.version ?? 0 }] : [];
      }),
    );
  }

  async function keep(address: EnteredAddress, trial: SourceTrial, before: readonly Known[]): Promise<Given> {
    const same = before.find(({ url }) => placeOf(url) === placeOf(address.url));
    if (same && (same.url === address.url || same.slug === null || address.kind === "http"))
      return { trial, outcome: "known", problem: null };
    const context = starter();
    const { name, slug, kept } = trial;
    if (kept.kind === "redis" || kept.kind === "postgres") {
      const definition = { kind: kept.kind, name, url: address.url };
      if (same) await service.updateServer(same.id, { version: same.version, definition, reason }, context);
      else await service.createServer({ slug, definition, reason }, context);
      return { trial, outcome: same ? "changed" : "kept", problem: null };
    }
    await service.createTarget({ slug, definition: definitionOf(address.url, trial), reason }, context);
    return { trial, outcome: "kept", problem: null };
  }

  return async function keepGiven(addresses: readonly EnteredAddress[]): Promise<GivenReport> {
    // Tried together, kept one after the other, so that no two get the same short name.
    const tried = await Promise.all(
      addresses.map(async (address) => ({ address, found: await trials.examine(address) })),
    );
    const given: Given[] = [];
    for (const { address, found } of tried) {
      const before = await known();
      const trial = trials.describe(address, found, new Set(before.flatMap(({ slug }) => slug ?? [])));
      given.push(
        await keep(address, trial, before).catch((error: unknown) => ({
          trial,
          outcome: "refused" as const,
          problem: error instanceof Error ? error.message : String(error),
        })),
      );
    }
    const places = new Set(addresses.map(({ url }) => placeOf(url)));
    const left = (await known()).filter(({ slug, url }) => slug !== null && !places.has(placeOf(url)));
    return { given, left: left.map(({ id }) => id) };
  };
}

/** The definition of a web address, as a trial understood it. */
function definitionOf(url: string, { kept, name, slug }: SourceTrial) {
  const { host, hostname } = new URL(url);
  return targetDefinition.parse(
    kept.kind === "service"
      ? {
          kind: "service",
          name,
          format: kept.format,
          actuatorBreakers: kept.actuatorBreakers,
          instances: [{ id: host, url }],
        }
      : {
          kind: "prometheus",
          name,
          service: slug.replace(/-metrics(-\d+)?$/, "") || hostname,
          instance: host,
          url,
        },
  );
}
