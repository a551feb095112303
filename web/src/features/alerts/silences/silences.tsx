import { useInfiniteQuery } from "@tanstack/react-query";
import { writeMatchers } from "@wheelhouse/shared/alerts/inputs.ts";
import type { Silence } from "@wheelhouse/shared/alerts/silences.ts";
import { type ReactNode, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatClock, formatDateTime, formatPlural, formatSpanShort, zoneName } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import css from "../alerts.module.css";
import { silencesQuery, useEndSilence } from "../queries.ts";
import { SilenceDialog } from "./silence-dialog.tsx";

export { SilenceDialog };

const dayMs = 86_400_000;

const matchesOf = ({ firing, pending }: Silence): string => {
  if (firing + pending === 0) return "0";
  return [firing > 0 ? `${firing} now` : "", pending > 0 ? `${pending} pending` : ""]
    .filter(Boolean)
    .join(", ");
};

const Ends = ({ silence }: { silence: Silence }) => {
  const { zone } = usePreferences();
  const nowMs = useMinute();
  const leftMs = Date.parse(silence.endsAt) - nowMs;
  if (silence.endedAt !== null) return <>ended {formatDateTime(silence.endedAt, zone).slice(5, 16)}</>;
  if (leftMs <= 0 || leftMs > dayMs) return <>{formatDateTime(silence.endsAt, zone).slice(5, 16)}</>;
  return (
    <>
      {formatClock(silence.endsAt, zone)}, in {formatSpanShort(leftMs)}
    </>
  );
};

const Row = ({ silence, children }: { silence: Silence; children: ReactNode }) => (
  <tr>
    <td className="mono">{writeMatchers(silence.matchers)}</td>
    <td className="c2">
      {silence.reason}, {silence.createdBy}
    </td>
    <td className="num nw">{matchesOf(silence)}</td>
    <td className="num nw">
      <Ends silence={silence} />
    </td>
    {children !== false && <td className="num">{children}</td>}
  </tr>
);

const Head = ({ hasActs }: { hasActs: boolean }) => {
  const { zone } = usePreferences();
  return (
    <thead>
      <tr>
        <th scope="col">What</th>
        <th scope="col">Reason, by whom</th>
        <th scope="col" className="num">
          Matches
        </th>
        <th scope="col" className="num">
          Ends, {zoneName(zone)}
        </th>
        {hasActs && (
          <th scope="col">
            <span className="vh">Act</span>
          </th>
        )}
      </tr>
    </thead>
  );
};

/** Silences in force or to come; `state` shows those that ended. */
export const Silences = (props: { organization: string; state?: "open" | "ended"; isBrief?: boolean }) => {
  const { organization, state = "open", isBrief = false } = props;
  const silences = useInfiniteQuery(silencesQuery(organization, state));
  const end = useEndSilence(organization);
  const mayAct = useCan(organization, "alerts:act") && state === "open" && !isBrief;
  return (
    <Panel
      name="Silences"
      query={silences}
      isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
      empty={
        <Empty title={state === "open" ? "Nothing is silenced" : "No silence has ended yet"}>
          A silence holds the notification, never the incident. It outlives a resolve.
        </Empty>
      }
    >
      {({ pages }) => (
        <>
          {end.error !== null && <ActError title="The silence was not ended." error={end.error} />}
          <table className={css.mini}>
            <caption className="vh">Silences</caption>
            <Head hasActs={mayAct} />
            <tbody>
              {pages
                .flatMap(({ items }) => items)
                .map((silence) => (
                  <Row key={silence.id} silence={silence}>
                    {mayAct && (
                      <Button disabled={end.isPending} onClick={() => end.mutate(silence.id)}>
                        End silence
                      </Button>
                    )}
                  </Row>
                ))}
            </tbody>
          </table>
          {!isBrief && (
            <LoadOlder name="Older silences" list={silences}>
              {formatPlural(pages.flatMap(({ items }) => items).length, "silence")}
            </LoadOlder>
          )}
        </>
      )}
    </Panel>
  );
};

/** Opens the dialog, for those who may. */
export const SilenceButton = ({ organization }: { organization: string }) => {
  const [isOpen, setOpen] = useState(false);
  if (!useCan(organization, "alerts:act")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Silence…</Button>
      {isOpen && <SilenceDialog organization={organization} onClose={() => setOpen(false)} />}
    </>
  );
};
