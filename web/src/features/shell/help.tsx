import { useShortcutHelp } from "#lib/keys.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { Button } from "#ui/page/button.tsx";

const spoken: Record<string, string> = { "mod+k": "Ctrl K", " ": "Space", Escape: "Esc" };
const keyCaps = (keys: string): string[] => (spoken[keys] ?? keys).split(" ");

/** Shortcuts available on this page, by group. */
const Help = ({ onClose }: { onClose: () => void }) => {
  const shortcuts = useShortcutHelp();
  const { singleKeys } = usePreferences();
  const groups = [...new Set(shortcuts.map(({ group }) => group))].map((group) => ({
    group,
    items: shortcuts.filter((shortcut) => shortcut.group === group),
  }));
  return (
    <Dialog
      title="Keyboard"
      onClose={onClose}
      footer={
        <>
          <label className="grow row">
            <Checkbox
              checked={singleKeys}
              onChange={(event) => setPreferences({ singleKeys: event.target.checked })}
            />
            Single-key shortcuts
          </label>
          <Button onClick={onClose}>Close help</Button>
        </>
      }
    >
      <div className="help">
        {groups.map(({ group, items }) => (
          <section key={group}>
            <h3 className="h">{group}</h3>
            <dl>
              {items.map(({ keys, label }) => (
                <div key={keys} className="fact">
                  <dt>{label}</dt>
                  <dd>
                    {keyCaps(keys).map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
};

export default Help;
