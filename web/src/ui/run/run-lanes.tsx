import type { ReactNode } from "react";
import { formatCount } from "#lib/format.ts";
import { Status, type Tone } from "#ui/page/status.tsx";
import { Count } from "#ui/text/quantity.tsx";
import css from "./run.module.css";
import { type ProgressWords, RunProgress } from "./run-progress.tsx";
import type { RunCounts } from "./run-rates.ts";

export type LaneView = {
  id: string;
  name: string;
  /** Why it is held, or what it is about. */
  sub: string;
  status: { tone: Tone; label: string };
  counts: RunCounts;
  isHeld: boolean;
  rate: string;
  doneIn: string;
  acts: ReactNode;
  /** Said where an act was clicked, such as what happened instead. */
  note: ReactNode;
};

const Head = ({ header, hasActs }: { header: string; hasActs: boolean }) => (
  <thead>
    <tr>
      <th scope="col">{header}</th>
      <th scope="col" className={css.state}>
        State
      </th>
      <th scope="col" className={css.mid}>
        Progress
      </th>
      <th scope="col" className={`num ${css.mid}`}>
        Begun
      </th>
      <th scope="col" className={`num ${css.small}`}>
        Failed
      </th>
      <th scope="col" className={`num lo ${css.small}`}>
        Rate
      </th>
      <th scope="col" className={`num lo ${css.small}`}>
        Done in
      </th>
      {hasActs && (
        <th scope="col" className={css.acts}>
          <span className="vh">Acts</span>
        </th>
      )}
    </tr>
  </thead>
);

const Lane = (props: { lane: LaneView; words: ProgressWords; hasActs: boolean }) => {
  const { lane, words, hasActs } = props;
  return (
    <tr>
      <td className="two card-title">
        <b className="cut" title={lane.name}>
          {lane.name}
        </b>
        <small className="cut" title={lane.sub}>
          {lane.note ?? lane.sub}
        </small>
      </td>
      <td className="card-badge">
        <Status {...lane.status} />
      </td>
      <td>
        <RunProgress counts={lane.counts} words={words} isHeld={lane.isHeld} />
      </td>
      <td className="num card-detail">
        <b>{formatCount(lane.counts.sent)}</b> <span className="c3">of {formatCount(lane.counts.total)}</span>
      </td>
      <td className={lane.counts.failed > 0 ? "num tx-down b" : "num"}>
        <Count value={lane.counts.failed} />
      </td>
      <td className="num lo">{lane.rate}</td>
      <td className="num lo c2">{lane.doneIn}</td>
      {hasActs && (
        <td className={css.acts}>
          <div>{lane.acts}</div>
        </td>
      )}
    </tr>
  );
};

/** The lanes of a run, with what a person can do about each. */
export const RunLanes = (props: {
  caption: string;
  header: string;
  words: ProgressWords;
  lanes: readonly LaneView[];
  hasActs: boolean;
}) => {
  const { caption, header, words, lanes, hasActs } = props;
  return (
    <table className={`tb cards ${css.lanes}`}>
      <caption className="vh">{caption}</caption>
      <Head header={header} hasActs={hasActs} />
      <tbody>
        {lanes.map((lane) => (
          <Lane key={lane.id} lane={lane} words={words} hasActs={hasActs} />
        ))}
      </tbody>
    </table>
  );
};
