import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount, formatPercent } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { Button } from "#ui/page/button.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "./causes.module.css";
import { type Cause, filterOfCauses } from "./grouping.ts";

/** What can be done with dead letters. */
export type CauseActs = {
  onPlan: (filter: ReplayFilter) => void;
  onDiscard: (filter: ReplayFilter, count: number) => void;
};
type Address = PageAddress<WebhooksSearch>;

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

const CauseCell = ({ cause, filter, address }: { cause: Cause; filter: ReplayFilter; address: Address }) => (
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
);

/** One group: cause, size, receivers, and what can be done. */
export const CauseRow = (props: {
  cause: Cause;
  isChosen: boolean;
  address: Address;
  acts: CauseActs | null;
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
            <Checkbox
              aria-label={`Select ${cause.title}`}
              checked={isChosen}
              onChange={({ target }) => onChoose(target.checked)}
            />
          )}
        </td>
      )}
      <CauseCell cause={cause} filter={filter} address={address} />
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
