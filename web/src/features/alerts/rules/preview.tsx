import { useQuery } from "@tanstack/react-query";
import type { RuleDefinition, RulePreview } from "@wheelhouse/shared/alerts/rules.ts";
import { conditionSubject, formatFigure } from "@wheelhouse/shared/alerts/words.ts";
import { useDeferredValue, useState } from "react";
import { formatClock, formatDateTime, formatPlural, formatSpanShort, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { previewQuery } from "./queries.ts";
import css from "./rules.module.css";

const spans = [
  { value: "day", label: "Day" },
  { value: "week", label: "Week" },
] as const;
const mostListed = 20;
const heightPx = 208;

const shareOf = (at: string, { from, to }: RulePreview): number =>
  ((Date.parse(at) - Date.parse(from)) / (Date.parse(to) - Date.parse(from))) * 100;

const said = ({ firings, firingMs, pendingSince, unavailable }: RulePreview, span: string): string => {
  if (unavailable !== null) return "No preview";
  const times =
    firings.length === 0
      ? `Would not have fired in the last ${span}`
      : `Would have fired ${formatPlural(firings.length, "time")} in the last ${span}, ${formatSpanShort(firingMs)} in total`;
  return pendingSince === null ? times : `${times}; pending now`;
};

const Chart = ({ preview, definition }: { preview: RulePreview; definition: RuleDefinition }) => {
  const { zone } = usePreferences();
  const { condition } = definition;
  const threshold = condition.kind === "series" ? condition.threshold : undefined;
  const known = preview.values.filter((value) => value !== null);
  const most = known.reduce((high, value) => Math.max(high, value), threshold ?? 0);
  const format = (value: number) =>
    condition.kind === "series" ? formatFigure(condition.metric, value, condition.dividedBy) : String(value);
  return (
    <>
      <div className={css.plot} style={{ height: heightPx }}>
        {preview.firings.map((firing) => {
          const left = shareOf(firing.from, preview);
          const right = firing.to === null ? 100 : shareOf(firing.to, preview);
          return (
            <span
              key={firing.from}
              className={css.fire}
              style={{ left: `${left}%`, width: `${right - left}%` }}
            />
          );
        })}
        {preview.pendingSince !== null && (
          <span
            className={css.pend}
            style={{ left: `${shareOf(preview.pendingSince, preview)}%`, right: 0 }}
          />
        )}
        {known.length > 0 && (
          <Sparkline
            values={preview.values}
            label={`${conditionSubject(condition)} of ${preview.thing?.name ?? ""}`}
            height={heightPx}
            top={most * 1.05}
            {...(threshold === undefined || threshold < 0 ? {} : { threshold })}
          />
        )}
      </div>
      <div className={css.axis}>
        <span>{formatDateTime(preview.from, zone).slice(5, 16)}</span>
        <span>{known.length === 0 ? "no data in this time" : `up to ${format(most)}`}</span>
        <span>
          {formatClock(preview.to, zone)} {zoneName(zone)}
        </span>
      </div>
    </>
  );
};

const Firings = ({ preview, definition }: { preview: RulePreview; definition: RuleDefinition }) => {
  const { zone } = usePreferences();
  const { condition } = definition;
  if (preview.firings.length === 0) return null;
  return (
    <table className={`tb compact ${css.firings}`}>
      <caption className="vh">When it would have fired, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Would have fired, {zoneName(zone)}</th>
          <th scope="col" className="num">
            Lasted
          </th>
          <th scope="col" className="num">
            Peak
          </th>
        </tr>
      </thead>
      <tbody>
        {preview.firings
          .toReversed()
          .slice(0, mostListed)
          .map(({ from, to, peak }) => (
            <tr key={from}>
              <td>
                {formatDateTime(from, zone).slice(5, 16)} – {to === null ? "now" : formatClock(to, zone)}
              </td>
              <td className="num">{formatSpanShort(Date.parse(to ?? preview.to) - Date.parse(from))}</td>
              <td className="num">
                {peak === null || condition.kind !== "series"
                  ? "–"
                  : formatFigure(condition.metric, peak, condition.dividedBy)}
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
};

const Drawn = (props: { organization: string; definition: RuleDefinition; saved: RuleDefinition | null }) => {
  const { organization, saved } = props;
  const definition = useDeferredValue(props.definition);
  const [span, setSpan] = useState<"day" | "week">("day");
  const preview = useQuery(previewQuery(organization, { definition, span, thing: undefined }));
  const isDraft = saved !== null && JSON.stringify(saved) !== JSON.stringify(definition);
  const before = useQuery({
    ...previewQuery(organization, { definition: saved ?? definition, span, thing: undefined }),
    enabled: isDraft,
  });
  return (
    <Panel name="The preview" query={preview} skeletonRows={6}>
      {(answer) => (
        <>
          <div className={css.lead}>
            <h2 className="t20 b">{said(answer, span)}</h2>
            <p className="c2">
              {answer.unavailable ??
                (isDraft && before.data !== undefined
                  ? `As saved: ${formatPlural(before.data.firings.length, "time")}, ${formatSpanShort(before.data.firingMs)}.`
                  : "From the history, with the same decisions as in each observation.")}
            </p>
          </div>
          {answer.unavailable === null && (
            <>
              <div className={`sec-h ${css.subject}`}>
                <h3 className="h">{answer.thing?.name}</h3>
                <span className="t12 c3">{conditionSubject(definition.condition)}</span>
                <span className="grow" />
                <Segments
                  options={spans}
                  value={span}
                  onChange={setSpan}
                  group={{ label: "Preview range" }}
                />
              </div>
              <Chart preview={answer} definition={definition} />
              <Firings preview={answer} definition={definition} />
            </>
          )}
        </>
      )}
    </Panel>
  );
};

/** When the draft would have fired, and the saved rule beside it. */
export const Preview = (props: {
  organization: string;
  definition: RuleDefinition | null;
  saved: RuleDefinition | null;
}) => {
  const { organization, definition, saved } = props;
  if (definition === null)
    return (
      <div className={css.lead}>
        <h2 className="t20 b">No preview yet</h2>
        <p className="c2">Complete the marked fields.</p>
      </div>
    );
  return <Drawn organization={organization} definition={definition} saved={saved} />;
};
