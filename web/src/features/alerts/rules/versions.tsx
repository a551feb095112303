import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { formatDateTime } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { changedFields, type DraftField, draftOf } from "./draft.ts";
import css from "./rules.module.css";

type Version = { version: number; definition: RuleDefinition | null; by: string; at: string };

const words: Partial<Record<DraftField, string>> = {
  forText: "for",
  resolveFor: "resolves after",
  resolveAt: "resolves at",
  keepFiring: "keep firing for",
  isEnabled: "enabled",
  noData: "no data",
  noDataAfter: "no data after",
  flapHold: "hold when flapping",
};

/** `for 10 m to 15 m`, for each field that differs. */
const changeOf = (now: RuleDefinition | null, before: RuleDefinition | null | undefined): string => {
  if (now === null) return "reset or deleted";
  if (before === undefined || before === null) return "first saved";
  const [was, is] = [draftOf(before), draftOf(now)];
  const fields = [...changedFields(was, is)];
  const lines = fields.map(
    (field) => `${words[field] ?? field} ${String(was[field])} to ${String(is[field])}`,
  );
  return lines.length === 0 ? "nothing changed" : lines.join(", ");
};

/** What changed when, by whom; each is in the trail. */
export const Versions = ({
  versions,
  builtinVersion,
}: {
  versions: readonly Version[];
  builtinVersion: boolean;
}) => {
  const { zone } = usePreferences();
  return (
    <section className={css.versions}>
      <div className="sec-h">
        <h3 className="h">Versions</h3>
        <span className="t12 c3">each audited</span>
      </div>
      {versions.length === 0 ? (
        <p className="c3">{builtinVersion ? "As built in; nobody has changed it." : "None."}</p>
      ) : (
        <ul>
          {versions.map(({ version, definition, by, at }, place) => (
            <li key={version}>
              <span>{version}</span>
              <span className="c2">{changeOf(definition, versions[place + 1]?.definition)}</span>
              <span className="c3">
                {by}, {formatDateTime(at, zone).slice(5, 16)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};
