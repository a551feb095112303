import { Link } from "@tanstack/react-router";
import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access/access.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { navItems } from "./nav.tsx";
import { organizationTree } from "./organizations.ts";
import { themes } from "./themes.ts";

const zones = [
  { value: "utc", label: "UTC" },
  { value: "local", label: "Local" },
] as const;

const Pages = ({ org, onClose }: { org: string; onClose: () => void }) => (
  <>
    {navItems
      .filter(({ isInTabBar }) => !isInTabBar)
      .map(({ to, label }) => (
        <Link key={to} to={to} params={{ org }} className="it" onClick={onClose}>
          {label}
        </Link>
      ))}
    <Link to="/o/$org/account" params={{ org }} className="it" onClick={onClose}>
      Sessions and password
    </Link>
  </>
);

const Organizations = (props: {
  session: SessionView;
  onSwitch: (organization: OrganizationRef) => void;
}) => {
  const { session, onSwitch } = props;
  return (
    <>
      <h3 className="c3 t12">Organizations</h3>
      {organizationTree(session.organizations).map(({ organization, depth }) => (
        <button
          key={organization.id}
          type="button"
          className={organization.id === session.organization.id ? "it on" : "it"}
          onClick={() => onSwitch(organization)}
        >
          <span className="grow" style={{ paddingLeft: depth * 16 }}>
            {organization.name}
          </span>
          <span className="c3 t12">{organization.role}</span>
        </button>
      ))}
    </>
  );
};

/** The More menu on phones: other pages, organizations and settings. */
const More = (props: {
  session: SessionView;
  onClose: () => void;
  onSwitch: (organization: OrganizationRef) => void;
  onSignOut: () => void;
  /** Shows the rewind strip; null where a page is always live. */
  onRewind: (() => void) | null;
}) => {
  const { session, onClose } = props;
  const { theme, zone } = usePreferences();
  return (
    <Dialog
      title={session.organization.name}
      onClose={onClose}
      footer={
        <>
          <span className="grow c3 cut">{session.user.email}</span>
          <Button onClick={props.onSignOut}>Sign out</Button>
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <nav className="more-nav" aria-label="More pages">
        <Pages org={session.organization.slug} onClose={onClose} />
        {props.onRewind !== null && (
          <button
            type="button"
            className="it"
            onClick={() => {
              onClose();
              props.onRewind?.();
            }}
          >
            Rewind to a past moment
          </button>
        )}
        {session.organizations.length > 1 && (
          <Organizations
            session={session}
            onSwitch={(organization) => {
              onClose();
              props.onSwitch(organization);
            }}
          />
        )}
        <h3 className="c3 t12">Theme and time</h3>
        <div className="row">
          <Segments options={themes} value={theme} onChange={(value) => setPreferences({ theme: value })} />
          <Segments options={zones} value={zone} onChange={(value) => setPreferences({ zone: value })} />
        </div>
      </nav>
    </Dialog>
  );
};

export default More;
