import { useQuery } from "@tanstack/react-query";
import type { RuleView } from "@wheelhouse/shared/alerts/rules.ts";
import { conditionSubject, firesWhen } from "@wheelhouse/shared/alerts/words.ts";
import { useCan } from "#lib/api/session.ts";
import { formatDateTime, formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Count } from "#ui/text/quantity.tsx";
import css from "../alerts.module.css";
import type { AlertsSearch } from "../search.ts";
import { rulesQuery } from "./queries.ts";

export { keyOfName } from "./draft.ts";
export { RuleEditor } from "./editor.tsx";
export { ruleSeriesQuery } from "./queries.ts";

const sources: Record<RuleView["source"], string> = {
  builtin: "built in",
  page: "added here",
  file: "wheelhouse.yaml",
  objective: "objective",
};

const StateOf = ({ rule }: { rule: RuleView }) => {
  if (!rule.definition.isEnabled) return <Status tone="paused" label="Disabled" inRow />;
  if (rule.firing > 0)
    return (
      <Status
        tone={rule.definition.severity === "critical" ? "down" : "degraded"}
        label={`${rule.firing} firing`}
        inRow
      />
    );
  return rule.pending > 0 ? (
    <Status tone="neutral" label={`${rule.pending} pending`} inRow />
  ) : (
    <Status tone="ok" label="OK" inRow />
  );
};

const Changed = ({ rule }: { rule: RuleView }) => {
  const { zone } = usePreferences();
  if (rule.updatedAt === null) return <>as built in</>;
  return (
    <>
      version {rule.version}, {rule.updatedBy}, {formatDateTime(rule.updatedAt, zone).slice(5, 16)}
    </>
  );
};

const Row = ({ rule, address }: { rule: RuleView; address: PageAddress<AlertsSearch> }) => (
  <tr className={rule.definition.isEnabled ? undefined : "quiet"}>
    <td className="two card-title">
      <AddressLink className="link" address={address} to={{ tab: "rules", rule: rule.key }}>
        {rule.definition.name}
      </AddressLink>
      <small className="cut">
        {conditionSubject(rule.definition.condition)}: {firesWhen(rule.definition)}
      </small>
    </td>
    <td className="card-badge">
      <StateOf rule={rule} />
    </td>
    <td className="lo">{rule.definition.severity}</td>
    <td className="two lo">
      {sources[rule.source]}
      <small className="c3">
        <Changed rule={rule} />
      </small>
    </td>
  </tr>
);

/** All rules, by name. */
export const Rules = ({
  organization,
  address,
}: {
  organization: string;
  address: PageAddress<AlertsSearch>;
}) => {
  const rules = useQuery(rulesQuery(organization));
  const mayConfigure = useCan(organization, "alerts:configure");
  return (
    <div className={css.body}>
      <div className="sec-h">
        <h3 className="h">Rules</h3>
        <span className="t12 c3">evaluated with each observation</span>
        <span className="grow" />
        {mayConfigure && (
          <AddressLink className="btn" address={address} to={{ tab: "rules", rule: "new" }}>
            Add rule…
          </AddressLink>
        )}
      </div>
      <Panel name="Rules" query={rules} skeletonRows={10}>
        {({ items }) => (
          <>
            <table className={`tb cards ${css.rules}`}>
              <caption className="vh">Alert rules by name</caption>
              <thead>
                <tr>
                  <th scope="col">Rule</th>
                  <th scope="col">State</th>
                  <th scope="col" className="lo">
                    Severity
                  </th>
                  <th scope="col" className="lo">
                    From
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((rule) => (
                  <Row key={rule.key} rule={rule} address={address} />
                ))}
              </tbody>
            </table>
            <p className={`t12 c3 ${css.foot}`}>
              {formatPlural(items.length, "rule")},{" "}
              <Count value={items.reduce((sum, { firing }) => sum + firing, 0)} /> alerts firing.
            </p>
          </>
        )}
      </Panel>
    </div>
  );
};
