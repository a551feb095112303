import { type Core, endingAtOnce, everyRole, type Feature } from "#lib/feature.ts";
import type { WatchHttp } from "#lib/http/watch-http.ts";
import { createServerFilter, createWatchFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { AspectKey } from "#observe/aspect.ts";
import { createSourcesFile } from "#observe/sources/sources.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { createBadFileAspect, createBadFileBoard } from "./aspect.ts";
import { createSourcesCatalogue, idOf } from "./catalogue.ts";
import { createGivenSources } from "./given.ts";
import { sourcesRoutes } from "./routes.ts";
import { createSourcesService } from "./service.ts";
import { createSourcesStore } from "./store.ts";
import { createTrials, type Readers } from "./trial/trial.ts";

export type { GivenReport } from "./given.ts";

/** Everything declared, in the file and the API; the watching parts are built on it. */
export function createDeclared(
  { database, subscribe, config, clock, log }: Core,
  { box }: { box: SecretBox },
) {
  const store = createSourcesStore(database);
  let organizations: ReadonlySet<string> | null = null;
  const file = createSourcesFile({
    path: config.sourcesFile,
    organizations: () => organizations,
    variable: config.variable,
    clock,
    log,
  });
  const catalogue = createSourcesCatalogue({
    file,
    store,
    onOrganizations(slugs) {
      organizations = slugs;
      file.recheck();
    },
    box,
    subscribe,
    log,
  });
  return {
    store,
    file,
    catalogue,
    /**
     * Hash of the secret with which an instance reports; null without one, undefined while that is unknown.
     */
    hashOf(organization: string, service: string, instance: string) {
      const secret = catalogue.secretOf(organization, service, instance);
      return secret === null ? null : secret?.secret_hash;
    },
  };
}
export type Declared = ReturnType<typeof createDeclared>;

type Service = Parameters<typeof createSourcesService>[0];
type SourcesNeeds = {
  declared: Declared;
  box: SecretBox;
  snapshots: SnapshotStore;
  /** Rows of watched things, with their states. */
  checks: AspectKey<ReturnType<Service["checksOf"]>[number]>;
  scrapesOf: Service["scrapesOf"];
  http: Pick<WatchHttp, "get">;
  /** How answers of a tried address are understood. */
  readers: Readers;
};

/** Pages and API for sources, and the process that follows the declarations. */
export function createSources(
  { changes, config, clock, redis }: Core,
  { declared, box, snapshots, checks, scrapesOf, http, readers }: SourcesNeeds,
) {
  const { store, file, catalogue } = declared;
  const serverFilter = createServerFilter(config.observe.allowAddresses);
  const service = createSourcesService({
    store,
    catalogue,
    file,
    changes,
    box,
    filter: createWatchFilter(config.observe.allowAddresses),
    serverFilter,
    clock,
    checksOf: (organization) => snapshots.viewsOf(organization).rows(checks),
    scrapesOf,
  });
  const trials = createTrials({
    readers,
    http,
    filter: serverFilter,
    redis,
    changes,
    takenSlugs(organization) {
      const prefix = idOf(organization, "");
      const ids = [...catalogue.versions().keys()].filter((id) => id.startsWith(prefix));
      return new Set(ids.map((id) => id.slice(prefix.length)));
    },
  });
  const feature = {
    routes: (api) => sourcesRoutes(api, { service, trials }),
    processes: [
      {
        in: everyRole,
        async start() {
          file.start();
          catalogue.start();
          return endingAtOnce(() => {
            file.stop();
            catalogue.stop();
          });
        },
      },
    ],
  } satisfies Feature;
  return {
    ...feature,
    aspect: createBadFileAspect(createBadFileBoard(file.bad)),
    /** Keeps addresses that a start names, and says what they are. */
    keepGiven: createGivenSources({ store, file, box, service, trials }),
  };
}
