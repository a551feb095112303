import { basename } from "node:path";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { OrganizationKey } from "#observe/aspect.ts";
import type { SourcesFile } from "#observe/sources/sources.ts";
import type { SourcesCatalogue } from "./catalogue.ts";
import { type SeenSource, viewsOf } from "./view.ts";

/** What is known of sources beyond their declaration. */
export type Seen = {
  /** The collector's latest state of this organization's services and servers. */
  checksOf(organization: OrganizationKey): readonly ({ id: string } & SeenSource)[];
  /** Results of the last scrapes of these sources; unknown ones are omitted. */
  scrapesOf(
    ids: readonly string[],
  ): Promise<
    ReadonlyMap<string, { observedAt: string | null; failure: string | null; nothing: string | null }>
  >;
};

/** Lists the sources of an organization, from the file and the API, with the state of the file. */
export function createSourcesList({
  catalogue,
  file,
  checksOf,
  scrapesOf,
}: Seen & { catalogue: SourcesCatalogue; file: SourcesFile }) {
  return async function list(context: RequestContext) {
    const { path, readAt, goodAt, failingSince, problems } = file.status();
    const { slug, id } = context.organization;
    const sources = catalogue.current();
    const targets = sources.prometheus.filter(({ organization }) => organization === slug);
    const scrapes = await scrapesOf(targets.map((each) => each.id));
    const seen = new Map<string, SeenSource>(checksOf(context.organization).map((each) => [each.id, each]));
    for (const { id: target, intervalMs } of targets) {
      const scrape = scrapes.get(target);
      if (!scrape) continue;
      const { observedAt, failure, nothing } = scrape;
      const state = failure !== null ? "down" : nothing !== null ? "unknown" : "ok";
      seen.set(target, { state, cause: failure ?? nothing, observedAt, intervalMs });
    }
    return {
      items: viewsOf(sources, slug, {
        caches: catalogue.caches(),
        versions: catalogue.versions(),
        credentialsOf: catalogue.credentialsOf,
        secretOf: (service, instance) => catalogue.secretOf(slug, service, instance),
        seen,
      }),
      nextCursor: null,
      file: {
        name: path && basename(path),
        readAt,
        goodAt,
        failingSince,
        problems: id === platformOrganization.id ? [...problems] : [],
      },
    };
  };
}
