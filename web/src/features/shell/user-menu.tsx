import * as Menu from "@radix-ui/react-dropdown-menu";
import { Link } from "@tanstack/react-router";
import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { UserButton } from "./buttons.tsx";
import { themes } from "./themes.ts";

const keep = (event: Event) => event.preventDefault();
const Mark = ({ on }: { on: boolean }) => <span className="menu-mark">{on ? "✓" : ""}</span>;

const Themes = () => {
  const { theme } = usePreferences();
  return (
    <Menu.RadioGroup value={theme}>
      {themes.map(({ value, label }) => (
        <Menu.RadioItem
          key={value}
          value={value}
          className="it"
          onSelect={(event) => {
            keep(event);
            setPreferences({ theme: value });
          }}
        >
          <Mark on={theme === value} />
          {label}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
};

const Settings = () => {
  const { zone, singleKeys } = usePreferences();
  return (
    <>
      <Menu.CheckboxItem
        className="it"
        checked={zone === "local"}
        onSelect={(event) => {
          keep(event);
          setPreferences({ zone: zone === "utc" ? "local" : "utc" });
        }}
      >
        <Mark on={zone === "local"} />
        <span className="grow">Local time</span>
        <kbd>u</kbd>
      </Menu.CheckboxItem>
      <Menu.CheckboxItem
        className="it"
        checked={singleKeys}
        onSelect={(event) => {
          keep(event);
          setPreferences({ singleKeys: !singleKeys });
        }}
      >
        <Mark on={singleKeys} />
        <span className="grow">Single-key shortcuts</span>
      </Menu.CheckboxItem>
    </>
  );
};

/** Account menu: person and role, theme, time zone, shortcuts and sign-out. */
const UserMenu = (props: { session: SessionView; onHelp: () => void; onSignOut: () => void }) => {
  const { user } = props.session;
  return (
    <Menu.Root modal={false} defaultOpen>
      <Menu.Trigger asChild>
        <UserButton session={props.session} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu user-menu" align="start" side="top" sideOffset={4} loop>
          <div className="hd">
            <span className="cut">{user.email}</span>
          </div>
          <Menu.Separator className="menu-line" />
          <div className="hd">
            <span>Theme</span>
          </div>
          <Themes />
          <Menu.Separator className="menu-line" />
          <Settings />
          <Menu.Item className="it" onSelect={props.onHelp}>
            <Mark on={false} />
            <span className="grow">Keyboard help</span>
            <kbd>?</kbd>
          </Menu.Item>
          <Menu.Separator className="menu-line" />
          <Menu.Item className="it" asChild>
            <Link to="/o/$org/account" params={{ org: props.session.organization.slug }}>
              <Mark on={false} />
              Sessions and password
            </Link>
          </Menu.Item>
          <Menu.Item className="it" onSelect={props.onSignOut}>
            <Mark on={false} />
            Sign out
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
};

export default UserMenu;
