import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  deleteSession,
  type OrganizationRef,
  type SessionView,
  switchOrganization,
} from "@wheelhouse/shared/access/access.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { type ReactNode, Suspense, useMemo, useState } from "react";
import { call } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { basePath } from "#lib/base-path.ts";
import { useKeys } from "#lib/keys.ts";
import { onDemand } from "#lib/on-demand.ts";
import { currentPreferences, setPreferences } from "#lib/preferences.ts";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { type Frame, FrameProvider } from "#ui/page/page.tsx";
import { OrganizationButton, UserButton } from "./buttons.tsx";
import { NavList, navItems, TabBar } from "./nav.tsx";
import { useTitle } from "./title.ts";

const OrganizationMenu = onDemand(() => import("./organization-menu.tsx"));
const UserMenu = onDemand(() => import("./user-menu.tsx"));
const Palette = onDemand(() => import("./palette.tsx"));
const Help = onDemand(() => import("./help.tsx"));
const More = onDemand(() => import("./more.tsx"));

type Open = "palette" | "help" | "more" | null;

/** Switches the organization and stays on the same page where possible. */
const useSwitch = (org: string, page: string) => {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (organization: OrganizationRef) =>
      call(switchOrganization, { body: { organizationId: organization.id } }, { organization: org }),
    onSuccess: async (next) => {
      client.setQueryData(sessionQuery(next.organization.slug).queryKey, next);
      client.setQueryData(sessionQuery().queryKey, next);
      const here = navItems.find(({ label }) => label === page)?.to ?? "/o/$org/overview";
      await navigate({ to: here, params: { org: next.organization.slug } });
    },
  });
};

const useSignOut = (org: string) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(deleteSession, {}, { organization: org }),
    onSuccess: () => {
      client.clear();
      window.location.assign(`${basePath}/signin`);
    },
  });
};

const useShellKeys = (org: string, setOpen: (open: Open) => void, onRewind: (() => void) | null): void => {
  const navigate = useNavigate();
  useKeys([
    { keys: "mod+k", label: "Search or run a command", group: "Everywhere", run: () => setOpen("palette") },
    { keys: "?", label: "Keyboard help", group: "Everywhere", run: () => setOpen("help") },
    {
      keys: "u",
      label: "UTC or local time",
      group: "Everywhere",
      run: () => setPreferences({ zone: currentPreferences().zone === "utc" ? "local" : "utc" }),
    },
    {
      keys: "T",
      label: "Rewind to a past moment",
      group: "Everywhere",
      run: () => onRewind?.(),
    },
    ...navItems.flatMap(({ key, label, to }) =>
      key === undefined
        ? []
        : [
            {
              keys: `g ${key}`,
              label,
              group: "Go to",
              run: () => void navigate({ to, params: { org } }),
            },
          ],
    ),
  ]);
};

/** What the frame provides to its pages. */
const useFrame = (
  overview: Overview | undefined,
  strip: ReactNode,
  onRewind: (() => void) | null,
  setOpen: (open: Open) => void,
  bell: ReactNode,
): Frame => {
  const observedAt = overview?.observedAt;
  const intervalMs = overview?.intervalMs;
  return useMemo<Frame>(
    () => ({
      openPalette: () => setOpen("palette"),
      observation: observedAt === undefined || intervalMs === undefined ? null : { observedAt, intervalMs },
      strip,
      onRewind,
      bell,
    }),
    [observedAt, intervalMs, strip, onRewind, setOpen, bell],
  );
};

/**
 * Navigation, organization and account menus around every page below `/o/:org`. `page`: its title, for the tab.
 */
export const Shell = (props: {
  session: SessionView;
  overview: Overview | undefined;
  page: string;
  /** Past moment being shown; null while live. */
  moment: string | null;
  /** Shown under the top bar of each page. */
  strip: ReactNode;
  onRewind: (() => void) | null;
  /** At the right end of each page's top bar. */
  bell: ReactNode;
  children: ReactNode;
}) => {
  const { session, overview, page, moment, strip, onRewind, bell, children } = props;
  const org = session.organization.slug;
  const [open, setOpen] = useState<Open>(null);
  useTitle(overview, { page, organization: session.organization.name }, moment);

  const switching = useSwitch(org, page);
  const signingOut = useSignOut(org);
  const onSwitch = (organization: OrganizationRef) => {
    if (organization.id !== session.organization.id) switching.mutate(organization);
  };

  useShellKeys(org, setOpen, onRewind);
  const frame = useFrame(overview, strip, onRewind, setOpen, bell);
  const failed = switching.error ?? signingOut.error;
  const close = () => setOpen(null);
  const signOut = () => signingOut.mutate();

  return (
    <FrameProvider value={frame}>
      <div className="app">
        <nav className="nav" aria-label="Main">
          <MenuSlot button={(opener) => <OrganizationButton session={session} {...opener} />}>
            <OrganizationMenu session={session} onSwitch={onSwitch} />
          </MenuSlot>
          <NavList organization={org} overview={overview} />
          {failed !== null && (
            <p className="nav-error tx-down t12" role="alert">
              {failed.message}
            </p>
          )}
          <MenuSlot button={(opener) => <UserButton session={session} {...opener} />}>
            <UserMenu session={session} onHelp={() => setOpen("help")} onSignOut={signOut} />
          </MenuSlot>
        </nav>
        {children}
        <TabBar organization={org} overview={overview} onMore={() => setOpen("more")} />
      </div>
      <Suspense>
        {open === "palette" && (
          <Palette
            session={session}
            onClose={close}
            onSwitch={onSwitch}
            onHelp={() => setOpen("help")}
            onSignOut={signOut}
          />
        )}
        {open === "help" && <Help onClose={close} />}
        {open === "more" && (
          <More
            session={session}
            onSwitch={onSwitch}
            onRewind={onRewind}
            onClose={close}
            onSignOut={signOut}
          />
        )}
      </Suspense>
    </FrameProvider>
  );
};
