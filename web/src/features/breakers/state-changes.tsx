import { useInfiniteQuery } from "@tanstack/react-query";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { formatCount, formatTime } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "./breakers.module.css";
import { movesQuery } from "./queries.ts";
import { linesOf, type MoveLine, turnReason, wordOf } from "./states.ts";

const Told = ({ line, kind }: { line: MoveLine; kind: BreakerRow["kind"] }) => {
  const { zone } = usePreferences();
  const { last, text, fold } = line;
  const { move } = last;
  if (fold !== null)
    return (
      <>
        {text}{" "}
        <span className="c3">
          since {formatTime(fold.from, zone)}, now {wordOf(move.to, kind)}
        </span>
      </>
    );
  return (
    <>
      <span className="c3">{wordOf(move.from, kind)} to</span> {wordOf(move.to, kind)}
    </>
  );
};

const Lines = (props: {
  lines: readonly MoveLine[];
  shown: ReadonlyMap<string, BreakerRow>;
  withName: boolean;
}) => (
  <table className={props.withName ? `tb compact ${css.turns}` : css.mini}>
    <caption className="vh">Latest state changes</caption>
    <tbody>
      {props.lines.map((line) => (
        <tr key={line.last.move.id}>
          <td className="nw c3">
            <Time at={line.last.at} />
          </td>
          {props.withName && <td>{line.last.move.name}</td>}
          <td>
            <Told line={line} kind={props.shown.get(line.last.move.breaker)?.kind ?? "failure"} />
          </td>
          <td className="c2">
            {[line.last.move.instance, line.fold === null ? turnReason(line.last.move) : ""]
              .filter(Boolean)
              .join(", ")}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

/**
 * State changes of the last 24 hours from the stored history: their true number, with flaps and failing probes folded.
 * `breaker`: of one breaker, whose name is then not repeated.
 */
export const StateChanges = (props: {
  organization: string;
  rows: readonly BreakerRow[];
  breaker?: string;
}) => {
  const { organization, rows, breaker } = props;
  const { zone } = usePreferences();
  const moment = useMoment();
  const moves = useInfiniteQuery(movesQuery(organization, { breaker, moment }));
  const shown = new Map(rows.map((row) => [row.id, row]));
  const withName = breaker === undefined;
  return (
    <section aria-label="State changes" className={withName ? css.changes : undefined}>
      <Panel name="State changes" query={moves} skeletonRows={3}>
        {({ pages }) => {
          const all = pages.flatMap(({ page }) => page.items);
          const lines = linesOf(all.filter((move) => shown.has(move.breaker)));
          const loaded = all.length;
          const total = pages[0]?.page.total ?? 0;
          const oldest = all.at(-1)?.at;
          return (
            <>
              <div className={`sec-h ${withName ? css.changesHead : ""}`}>
                <h3 className="h">State changes</h3>
                <span className="c3 t12">
                  {zone === "utc" ? "UTC, " : ""}newest first, {formatCount(total)}{" "}
                  {withName ? "of all breakers " : ""}in 24 hours
                  {loaded < total && oldest !== undefined
                    ? `, those since ${formatTime(oldest, zone)} shown`
                    : ""}
                </span>
              </div>
              {lines.length === 0 ? (
                <p className={`c3 t12 ${withName ? css.changesNone : ""}`}>No state changes.</p>
              ) : (
                <Lines lines={lines} shown={shown} withName={withName} />
              )}
              {moves.hasNextPage && (
                <Button disabled={moves.isFetchingNextPage} onClick={() => void moves.fetchNextPage()}>
                  Load older
                </Button>
              )}
            </>
          );
        }}
      </Panel>
    </section>
  );
};
