import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { TimeHeader } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "./causes.module.css";
import { type CauseActs, CauseRow } from "./causes-row.tsx";
import { type Cause, causesOf, filterOfCauses, type Grouping } from "./grouping.ts";
import { deadLetterGroupsQuery } from "./queries.ts";

/** Shown at first; the others follow on demand. */
const shownFirst = 8;

type Address = PageAddress<WebhooksSearch>;

const headings: Record<Grouping, string> = { cause: "Cause", endpoint: "Endpoint", event: "Event type" };

const Head = ({ grouping, canAct }: { grouping: Grouping; canAct: boolean }) => (
  <thead>
    <tr>
      {canAct && (
        <th className={css.choose}>
          <span className="vh">Select</span>
        </th>
      )}
      <th>{headings[grouping]}</th>
      <th className={`num ${css.count}`} aria-sort="descending">
        Deliveries ↓
      </th>
      <th className={`num ${css.share}`}>Share</th>
      <th className={css.bar}>
        <span className="vh">Share as a bar</span>
      </th>
      <th className={css.where}>Endpoint and events</th>
      <th className={css.received}>
        <TimeHeader label="Received" />
      </th>
      <th className={css.receiver}>Receiver now</th>
      {canAct && (
        <th className={css.act}>
          <span className="vh">Act</span>
        </th>
      )}
    </tr>
  </thead>
);

/** What the table leaves out. */
const More = (props: { hidden: number; unlisted: number; onShow: () => void }) => {
  const { hidden, unlisted, onShow } = props;
  return (
    <>
      {hidden > 0 && (
        <div className={css.more}>
          <Button onClick={onShow}>Show {hidden} more</Button>
        </div>
      )}
      {unlisted > 0 && (
        <p className={`c3 t12 ${css.more}`}>
          {formatCount(unlisted)} small groups are not shown. Filter to see them.
        </p>
      )}
    </>
  );
};

const ActBar = ({
  chosen,
  address,
  acts,
}: {
  chosen: readonly Cause[];
  address: Address;
  acts: CauseActs;
}) => {
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
  acts: CauseActs | null;
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
            <caption className="vh">
              Dead letters by {headings[grouping].toLowerCase()}, largest first
            </caption>
            <Head grouping={grouping} canAct={acts !== null} />
            <tbody>
              {shown.map((cause) => (
                <CauseRow
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
          <More
            hidden={causes.length - shown.length}
            unlisted={data.groupCount - data.groups.length}
            onShow={() => setIsWhole(true)}
          />
          {acts !== null && <ActBar chosen={chosen} address={address} acts={acts} />}
        </>
      )}
    </Panel>
  );
};
