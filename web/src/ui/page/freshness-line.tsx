import { type Freshness, judgeFreshness, type Observation } from "@wheelhouse/shared/freshness.ts";
import type { ReactNode } from "react";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useNow } from "#lib/live/now.ts";
import { Age, Time } from "#ui/text/time.tsx";
import { Status } from "./status.tsx";

/** `lost`: the collector has stopped, whatever the age of its data. */
export type Currency = Freshness["state"] | "lost";

/** How current observed data is; its component renders again only when that changes, not every second. */
export const useCurrency = (observation: Observation | undefined): Currency => {
  const nowMs = useNow();
  const { collectorLost } = useLiveStatus();
  if (collectorLost) return "lost";
  return observation === undefined ? "fresh" : judgeFreshness(observation, nowMs).state;
};

/** The freshness for a panel; without a collector, data is at least stale. */
export const freshnessOf = (currency: Currency): Freshness => ({
  state: currency === "lost" ? "stale" : currency,
  ageMs: null,
});

const words = { stale: "Stale", unknown: "Unknown", lost: "Collector lost" } as const;

type Observed = { currency: Currency; observedAt: string | null };

/** Whether and since when observed data is not current, as a sentence. */
export const FreshnessText = ({ currency, observedAt }: Observed) => (
  <>
    {currency === "lost" && "The collector has stopped. "}
    {observedAt === null ? (
      "No sample yet."
    ) : (
      <>
        Last sample <Time at={observedAt} />, <Age at={observedAt} suffix="ago" />. The data below may be
        outdated.
      </>
    )}
  </>
);

/**
 * Line on observed data that is not current; nothing while it is. It lies over the end of the list's summary, so that
 * what a person is about to press stays where it is.
 */
export const FreshnessLine = ({ currency, observedAt }: Observed) =>
  currency === "fresh" ? null : (
    <div className="freshness-place">
      <div className="freshness-line" role="status">
        <Status tone={currency === "unknown" ? "unknown" : "stale"} label={words[currency]} />
        <span>
          <FreshnessText currency={currency} observedAt={observedAt} />
        </span>
      </div>
    </div>
  );

/** For panels with little room: one word while the data is not current, otherwise the children. */
export const UnlessOld = ({ observation, children }: { observation: Observation; children: ReactNode }) => {
  const currency = useCurrency(observation);
  return currency === "fresh" ? children : <span className="tx-stale b">{words[currency]}</span>;
};
