import { useQuery } from "@tanstack/react-query";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { useState } from "react";
import { formatCount, formatPercent, formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Time, TimeHeader } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "./causes.module.css";
import { type Cause, causesOf, filterOfCauses, type Grouping } from "./grouping.ts";
import { deadLetterGroupsQuery } from "./queries.ts";

/** Shown at first; the others follow on demand. */
const shownFirst = 8;

type Acts = {
  onPlan: (filter: ReplayFilter) => void;
  onDiscard: (filter: ReplayFilter, count: number) => void;
};
type Address = PageAddress<WebhooksSearch>;

const headings: Record<Grouping, string> = { cause: "Cause", endpoint: "Endpoint", event: "Event type" };

const List = ({ values }: { values: readonly string[] }) => {
  const text = values.slice(0, 3).join(", ");
  return (
    <span title={values.join(", ")}>
      {text}
      {values.length > 3 && ` and ${values.length - 3} more`}
    </span>
  );
};

const Received = ({ cause }: { cause: Cause }) =>
  cause.firstAt === null || cause.lastAt === null ? (
    <span className="c3">just now</span>
  ) : cause.firstAt === cause.lastAt ? (
    <Time at={cause.lastAt} />
  ) : (
    <>
      <Time at={cause.firstAt} /> – <Time at={cause.lastAt} />
    </>
  );

const Row = (props: {
  cause: Cause;
  isChosen: boolean;
  address: Address;
  acts: Acts | null;
  onChoose: (isOn: boolean) => void;
}) => {
  const { cause, isChosen, address, acts, onChoose } = props;
  const { receiver } = cause;
  const filter = filterOfCauses(address.search, [cause]);
  return (
    <tr aria-selected={isChosen}>
      {acts !== null && (
        <td className={css.choose}>
          {cause.filter !== null && (
            <input
              type="checkbox"
              aria-label={`Select ${cause.title}`}
              checked={isChosen}
              onChange={({ target }) => onChoose(target.checked)}
            />
          )}
        </td>
      )}
      <td className={css.cause}>
        <AddressLink
          className="b t14"
          address={address}
          to={{ ...address.search, ...filter, group: "none" }}
          title="Show these deliveries"
        >
          {cause.title}
        </AddressLink>
        <small title={cause.detail}>{cause.detail}</small>
      </td>
      <td className={`num t16 b ${css.count}`}>{formatCount(cause.count)}</td>
      <td className={`num ${css.share}`}>{formatPercent(cause.share)}</td>
      <td className={css.bar}>
        <div className="meter" aria-hidden="true">
          <i className="acc" style={{ width: `${cause.share * 100}%` }} />
        </div>
      </td>
      <td className={`two ${css.where}`}>
        <List values={cause.endpoints} />
        <small>
          <List values={cause.eventTypes} />
        </small>
      </td>
      <td className={css.received}>
        <Received cause={cause} />
      </td>
      <td className={`two ${css.receiver}`}>
        <span className={receiver.isFailing ? "tx-warn b" : ""}>{receiver.text}</span>
        <small>{receiver.detail}</small>
      </td>
      {acts !== null && (
        <td className={`num ${css.act}`}>
          {cause.filter !== null && <Button onClick={() => acts.onPlan(filter)}>Plan replay…</Button>}
        </td>
      )}
    </tr>
  );
};

const ActBar = ({ chosen, address, acts }: { chosen: readonly Cause[]; address: Address; acts: Acts }) => {
  const count = chosen.reduce((sum, cause) => sum + cause.count, 0);
  const filter = filterOfCauses(address.search, chosen);
  return (
    <div className={css.actbar}>
      {chosen.length === 0 ? (
        <span className="c3">Select what to replay or to discard.</span>
      ) : (
        <>
          <span>
            <b>
              {formatPlural(chosen.length, "group")}, {formatPlural(count, "delivery", "deliveries")}
            </b>{" "}
            <span className="c2 no-phone">all that match; the set is fixed when you plan</span>
          </span>
          <span className="grow" />
          <Button onClick={() => acts.onDiscard(filter, count)}>Discard…</Button>
          <Button variant="primary" onClick={() => acts.onPlan(filter)}>
            Plan replay of {formatCount(count)}…
          </Button>
        </>
      )}
    </div>
  );
};

/** Dead letters by cause, endpoint or event type, with what each receiver does now and what can be done. */
export const CausesPanel = (props: {
  organization: string;
  address: Address;
  grouping: Grouping;
  /** Null without permission to replay. */
  acts: Acts | null;
}) => {
  const { organization, address, grouping, acts } = props;
  const query = useQuery(deadLetterGroupsQuery(organization, address.search));
  const [chosenKeys, setChosenKeys] = useState<ReadonlySet<string>>(new Set());
  const [isWhole, setIsWhole] = useState(false);
  const causes = causesOf(query.data?.groups ?? [], query.data?.total ?? 0, grouping);
  const shown = isWhole ? causes : causes.slice(0, shownFirst);
  const chosen = causes.filter(({ key, filter }) => filter !== null && chosenKeys.has(key));
  const choose = (key: string, isOn: boolean) => {
    const next = new Set(chosenKeys);
    if (isOn) next.add(key);
    else next.delete(key);
    setChosenKeys(next);
  };
  return (
    <Panel
      name="Dead letters by cause"
      query={query}
      isEmpty={() => causes.length === 0}
      empty={<Empty title="All clear">No dead letter matches.</Empty>}
      skeletonRows={5}
    >
      {(data) => (
        <>
          <table className={`tb ${css.table}`}>
            <caption className="vh">Dead letters by {headings[grouping].toLowerCase()}, largest first</caption>
            <thead>
              <tr>
                {acts !== null && <th className={css.choose} />}
                <th>{headings[grouping]}</th>
                <th className={`num ${css.count}`} aria-sort="descending">
                  Deliveries ↓
                </th>
                <th className={`num ${css.share}`}>Share</th>
                <th className={css.bar} />
                <th className={css.where}>Endpoint and events</th>
                <th className={css.received}>
                  <TimeHeader label="Received" />
                </th>
                <th className={css.receiver}>Receiver now</th>
                {acts !== null && <th className={css.act} />}
              </tr>
            </thead>
            <tbody>
              {shown.map((cause) => (
                <Row
                  key={cause.key}
                  cause={cause}
                  isChosen={chosen.includes(cause)}
                  address={address}
                  acts={acts}
                  onChoose={(isOn) => choose(cause.key, isOn)}
                />
              ))}
            </tbody>
          </table>
          {causes.length > shown.length && (
            <div className={css.more}>
              <Button onClick={() => setIsWhole(true)}>Show {causes.length - shown.length} more</Button>
            </div>
          )}
          {data.groupCount > data.groups.length && (
            <p className={`c3 t12 ${css.more}`}>
              {formatCount(data.groupCount - data.groups.length)} small groups are not shown. Filter to see them.
            </p>
          )}
          {acts !== null && <ActBar chosen={chosen} address={address} acts={acts} />}
        </>
      )}
    </Panel>
  );
};
