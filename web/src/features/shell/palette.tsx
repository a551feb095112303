import { useQueries } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access/access.ts";
import { listBreakers } from "@wheelhouse/shared/breakers.ts";
import { listCaches } from "@wheelhouse/shared/caches/caches.ts";
import { readHealth } from "@wheelhouse/shared/health/health.ts";
import { organizationPageList } from "@wheelhouse/shared/pages.ts";
import { listQueues } from "@wheelhouse/shared/queues.ts";
import { Command } from "cmdk";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";

const shownOfAKind = 8;
const namesMs = 30_000;
/** Refetch interval while the answer is empty, as right after a start. */
const noNamesMs = 2_000;

type Named = { id: string; label: string; detail: string };

/** Names of everything watched. Fetched once something is typed, at most every 30 s. */
const useWatched = (org: string, isAsked: boolean) => {
  const named = (
    kind: string,
    read: (how: { organization: string; signal: AbortSignal }) => Promise<Named[]>,
  ) => ({
    queryKey: ["palette", kind, org],
    queryFn: ({ signal }: { signal: AbortSignal }) => read({ organization: org, signal }),
    staleTime: namesMs,
    refetchInterval: ({ state }: { state: { data?: Named[] | undefined } }) =>
      state.data?.length === 0 ? noNamesMs : false,
    retry: false,
    enabled: isAsked,
  });
  const [services, breakers, caches, queues] = useQueries({
    queries: [
      named("services", async (how) =>
        (await call(readHealth, { query: {} }, how)).items.map(({ id, name, group }) => ({
          id,
          label: name,
          detail: group ?? "",
        })),
      ),
      named("breakers", async (how) =>
        (await call(listBreakers, { query: {} }, how)).items.map(({ id, name, service }) => ({
          id,
          label: name,
          detail: service,
        })),
      ),
      named("caches", async (how) =>
        (await call(listCaches, { query: {} }, how)).items.map(({ id, name, service }) => ({
          id,
          label: name,
          detail: service,
        })),
      ),
      named("queues", async (how) =>
        (await call(listQueues, { query: {} }, how)).items.map(({ id, name, prefix, label }) => ({
          id,
          label: name,
          detail: prefix === "bull" ? label : `${prefix} · ${label}`,
        })),
      ),
    ],
  });
  return [
    { heading: "Services", page: "services", parameter: "service", found: services?.data },
    { heading: "Breakers", page: "breakers", parameter: "breaker", found: breakers?.data },
    { heading: "Caches", page: "caches", parameter: "cache", found: caches?.data },
    { heading: "Queues", page: "queues", parameter: "queue", found: queues?.data },
  ];
};

type Entry = { id: string; label: string; detail?: string; keys?: string; run: () => void };

const usePages = (session: SessionView): Entry[] => {
  const navigate = useNavigate();
  const org = session.organization.slug;
  return organizationPageList
    .filter(
      ({ reachedBy, capability }) =>
        reachedBy !== "menu" &&
        reachedBy !== "page" &&
        (capability === undefined || session.capabilities.includes(capability)),
    )
    .map(({ path, title, key, detail }): Entry => {
      const to = `/o/$org${path}` as const;
      return {
        id: to,
        label: title,
        ...(key === undefined ? {} : { keys: `g ${key}` }),
        ...(detail === undefined ? {} : { detail }),
        run: () => void navigate({ to, params: { org } }),
      };
    });
};

type Watched = ReturnType<typeof useWatched>;
type Matches = (entry: Pick<Entry, "label" | "detail">) => boolean;

const watchedGroups = (watched: Watched, matches: Matches, open: (page: string) => void) =>
  watched.map(({ heading, page, parameter, found = [] }) => ({
    heading,
    entries: found
      .filter(matches)
      .slice(0, shownOfAKind)
      .map(
        (named): Entry => ({
          ...named,
          run: () => open(`${page}?${parameter}=${encodeURIComponent(named.id)}`),
        }),
      ),
  }));

/** Entry that finds a delivery by its pasted id. */
const deliveryEntries = (text: string, open: (page: string) => void): Entry[] =>
  /^[0-9a-f]{8}-[0-9a-f-]{20,}$|^(msg|evt)_/i.test(text)
    ? [
        {
          id: "delivery",
          label: `Find ${text} in deliveries`,
          run: () => open(`webhooks?q=${encodeURIComponent(text)}`),
        },
      ]
    : [];

/** Entry that finds a job by its pasted id. */
const jobEntries = (text: string, open: (page: string) => void): Entry[] =>
  /^[\w:./@-]*\d[\w:./@-]*$/.test(text)
    ? [
        {
          id: "job",
          label: `Find ${text} among all jobs`,
          run: () => open(`queues/find?q=${encodeURIComponent(`id:${text}`)}`),
        },
      ]
    : [];

const organizationEntries = (
  session: SessionView,
  onSwitch: (organization: OrganizationRef) => void,
): Entry[] =>
  session.organizations
    .filter(({ id }) => id !== session.organization.id)
    .map((organization) => ({
      id: organization.id,
      label: organization.name,
      detail: organization.role,
      run: () => onSwitch(organization),
    }));

const useActions = (props: { onHelp: () => void; onSignOut: () => void }): Entry[] => {
  const { theme, zone } = usePreferences();
  return [
    {
      id: "theme",
      label: theme === "dark" ? "Use the light theme" : "Use the dark theme",
      run: () => setPreferences({ theme: theme === "dark" ? "light" : "dark" }),
    },
    {
      id: "zone",
      label: zone === "utc" ? "Show local time" : "Show UTC",
      keys: "u",
      run: () => setPreferences({ zone: zone === "utc" ? "local" : "utc" }),
    },
    { id: "help", label: "Show keyboard help", keys: "?", run: props.onHelp },
    { id: "sign-out", label: "Sign out", run: props.onSignOut },
  ];
};

const Group = (props: { heading: string; entries: readonly Entry[]; onRun: (run: () => void) => void }) => {
  const { heading, entries, onRun } = props;
  return (
    <Command.Group heading={heading}>
      {entries.map(({ id, label, detail, keys, run }) => (
        <Command.Item key={id} value={`${heading}:${id}`} className="it" onSelect={() => onRun(run)}>
          <span className="grow cut">{label}</span>
          {detail !== undefined && <span className="c3 t12">{detail}</span>}
          {keys?.split(" ").map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </Command.Item>
      ))}
    </Command.Group>
  );
};

/** Command palette: pages, watched things by name, deliveries by pasted id, organizations and commands. */
const Palette = (props: {
  session: SessionView;
  onClose: () => void;
  onSwitch: (organization: OrganizationRef) => void;
  onHelp: () => void;
  onSignOut: () => void;
}) => {
  const { session, onClose } = props;
  const org = session.organization.slug;
  const navigate = useNavigate();
  const toAddress = (page: string) => void navigate({ href: `/o/${org}/${page}` });
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const watched = useWatched(org, wanted !== "");
  const matches = (entry: Pick<Entry, "label" | "detail">) =>
    `${entry.label} ${entry.detail ?? ""}`.toLowerCase().includes(wanted);
  const go = (run: () => void) => {
    onClose();
    run();
  };

  const pages = usePages(session);
  const actions = useActions(props);
  const groups = [
    { heading: "Jobs", entries: jobEntries(search.trim(), toAddress) },
    { heading: "Deliveries", entries: deliveryEntries(search.trim(), toAddress) },
    { heading: "Pages", entries: pages.filter(matches) },
    ...(wanted === "" ? [] : watchedGroups(watched, matches, toAddress)),
    { heading: "Organizations", entries: organizationEntries(session, props.onSwitch).filter(matches) },
    { heading: "Commands", entries: actions.filter(matches) },
  ].filter(({ entries }) => entries.length > 0);

  return (
    <Dialog title="Search or run a command" look="palette" onClose={onClose}>
      <Command shouldFilter={false} loop label="Search or run a command">
        <div className="palette-head">
          <Command.Input autoFocus placeholder="Search or jump to" value={search} onValueChange={setSearch} />
          <kbd>Esc</kbd>
        </div>
        <Command.List className="palette-list">
          <Command.Empty className="palette-empty">No matches for “{search}”.</Command.Empty>
          {groups.map(({ heading, entries }) => (
            <Group key={heading} heading={heading} entries={entries} onRun={go} />
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
};

export default Palette;
