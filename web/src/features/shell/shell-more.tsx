import { Link } from "@tanstack/react-router";
import type { OrganizationRef, SessionView } from "@wheelhouse/shared/access.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/button.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { navItems } from "./shell-nav.tsx";
import { organizationTree } from "./shell-organizations.ts";
import { themes } from "./shell-themes.ts";

/** What a phone keeps behind More: the other pages, the organizations and the settings. */
const More = (props: {
  session: SessionView;
  onClose: () => void;
  onSwitch: (organization: OrganizationRef) => void;
  onSignOut: () => void;
  /** Shows the strip of time travel; null where a page shows now alone. */
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
        {navItems
          .filter(({ isInTabBar }) => !isInTabBar)
          .map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              params={{ org: session.organization.slug }}
              className="it"
              onClick={onClose}
            >
              {label}
            </Link>
          ))}
        <Link
          to="/o/$org/account"
          params={{ org: session.organization.slug }}
          className="it"
          onClick={onClose}
        >
          Sessions and password
        </Link>
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
        {session.organizations.length > 1 && <h3 className="c3 t12">Organizations</h3>}
        {session.organizations.length > 1 &&
          organizationTree(session.organizations).map(({ organization, depth }) => (
            <button
              key={organization.id}
              type="button"
              className={organization.id === session.organization.id ? "it on" : "it"}
              onClick={() => {
                onClose();
                props.onSwitch(organization);
              }}
            >
              <span className="grow" style={{ paddingLeft: depth * 16 }}>
                {organization.name}
              </span>
              <span className="c3 t12">{organization.role}</span>
            </button>
          ))}
        <h3 className="c3 t12">Theme and time</h3>
        <div className="row">
          <div className="seg">
            {themes.map(({ value, label }) => (
              <button
                key={value}
                type="button"
                aria-pressed={theme === value}
                onClick={() => setPreferences({ theme: value })}
              >
                {label}
              </button>
            ))}
          </div>
          <div className="seg">
            {(["utc", "local"] as const).map((value) => (
              <button
                key={value}
                type="button"
                aria-pressed={zone === value}
                onClick={() => setPreferences({ zone: value })}
              >
                {value === "utc" ? "UTC" : "Local"}
              </button>
            ))}
          </div>
        </div>
      </nav>
    </Dialog>
  );
};

export default More;
