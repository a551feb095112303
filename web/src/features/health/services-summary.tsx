import { formatCount } from "#lib/format.ts";
import type { ServiceView } from "./services-view.ts";
import { stateWord } from "./services-view.ts";

const phrases = [
  { word: "down", tone: "tx-down", text: "down" },
  { word: "degraded", tone: "tx-warn", text: "degraded" },
  { word: "stale", tone: "tx-stale", text: "stale" },
  { word: "unknown", tone: "", text: "unknown" },
  { word: "maintenance", tone: "", text: "in maintenance" },
] as const;

/** Number of services and their problems, root causes by name. */
export const ServicesSummary = (props: {
  views: readonly ServiceView[];
  shown: number;
  onOpen: (id: string) => void;
}) => {
  const { views, shown, onOpen } = props;
  const count = (word: string) => views.filter((view) => stateWord(view) === word).length;
  const roots = views.filter(({ row }) => row.affects > 0);
  return (
    <div className="sum pad">
      <span>
        <b>{formatCount(shown)}</b>
        {shown === views.length ? "" : ` of ${formatCount(views.length)}`}{" "}
        {views.length === 1 ? "service" : "services"}
      </span>
      {phrases.map(({ word, tone, text }) =>
        count(word) === 0 ? null : (
          <span key={word} className={tone}>
            <b>{count(word)}</b> {text}
          </span>
        ),
      )}
      {roots.map(({ row }) => (
        <span key={row.id}>
          <b>{row.affects}</b> affected by{" "}
          <button type="button" className="link" onClick={() => onOpen(row.id)}>
            {row.name}
          </button>
        </span>
      ))}
      <span>{count("ok")} OK</span>
      <span className="c3">uptime includes degraded checks</span>
    </div>
  );
};
