import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";

export type Organization = { id: string; slug: string; name: string; parentId: string | null };

export type OrganizationTree = {
  byId(id: string): Organization | undefined;
  bySlug(slug: string): Organization | undefined;
  all(): Iterable<Organization>;
  /** The organization and its ancestors, up to the root. */
  lineage(id: string): Organization[];
  /** The organization itself and everything below it. */
  subtree(id: string): Organization[];
};

const refreshMs = 30_000;
const reloadMinMs = 1_000;

function buildTree(organizations: readonly Organization[]): OrganizationTree {
  const ids = new Map(organizations.map((organization) => [organization.id, organization]));
  const slugs = new Map(organizations.map((organization) => [organization.slug, organization]));
  const children = new Map<string, Organization[]>();
  for (const organization of organizations)
    if (organization.parentId)
      children.set(organization.parentId, [...(children.get(organization.parentId) ?? []), organization]);
  const below = (organization: Organization): Organization[] => [
    organization,
    ...(children.get(organization.id) ?? []).flatMap(below),
  ];
  return {
    byId: (id) => ids.get(id),
    bySlug: (slug) => slugs.get(slug),
    all: () => ids.values(),
    lineage(id) {
      const line: Organization[] = [];
      for (let at = ids.get(id); at; at = at.parentId ? ids.get(at.parentId) : undefined) line.push(at);
      return line;
    },
    subtree(id) {
      const root = ids.get(id);
      return root ? below(root) : [];
    },
  };
}

/**
 * The tree of organizations, cached in memory. A stale copy grants nothing: memberships are read on each
 * request, and an organization never changes its parent. An unknown name triggers a reload.
 */
export function createOrganizations({ database, clock }: { database: Database; clock: Clock }) {
  let tree: OrganizationTree | undefined;
  let loadedAt = 0;
  let loading: Promise<OrganizationTree> | undefined;

  function load(): Promise<OrganizationTree> {
    loading ??= database.system
      .selectFrom("organizations")
      .select(["id", "slug", "name", "parent_id as parentId"])
      .orderBy("id")
      .execute()
      .then((rows) => {
        tree = buildTree(rows);
        loadedAt = clock.now();
        return tree;
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  }

  /** @throws if the database is unavailable and nothing was loaded yet. */
  async function current(): Promise<OrganizationTree> {
    if (!tree) return load();
    // Refreshes in the background; the previous tree serves while the database is unavailable.
    if (clock.now() - loadedAt > refreshMs) load().catch(() => {});
    return tree;
  }

  /** The tree after a failed lookup, because another replica may have just created the organization. */
  const refreshed = async () => (tree && clock.now() - loadedAt < reloadMinMs ? tree : load());

  return {
    tree: current,
    refreshed,
    /** Reloads after a change by this process. */
    reload: async () => {
      // A load in progress may have started before the change.
      await loading?.catch(() => {});
      return load();
    },
    byId: async (id: string) => (await current()).byId(id) ?? (await refreshed()).byId(id),
    find: async (reference: string) => {
      const look = (known: OrganizationTree) => known.bySlug(reference) ?? known.byId(reference);
      return look(await current()) ?? look(await refreshed());
    },
  };
}
export type Organizations = ReturnType<typeof createOrganizations>;
