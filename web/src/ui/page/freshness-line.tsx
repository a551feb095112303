import { type Freshness, judgeFreshness, type Observation } from "@wheelhouse/shared/freshness.ts";
import type { ReactNode } from "react";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useNow } from "#lib/live/now.ts";
import { Age, Time } from "#ui/text/time.tsx";
import { Status } from "./status.tsx";

/** `lost`: nobody observes any more, whatever the age of what was observed. */
export type Currency = Freshness["state"] | "lost";

/** How current observed data are; draws its component again only when that turns, not each second. */
export const useCurrency = (observation: Observation | undefined): Currency => {
  const nowMs = useNow();
  const { collectorLost } = useLiveStatus();
  if (collectorLost) return "lost";
  return observation === undefined ? "fresh" : judgeFreshness(observation, nowMs).state;
};

/** As a panel is told: what nobody observes any more is stale at least. */
export const freshnessOf = (currency: Currency): Freshness => ({
  state: currency === "lost" ? "stale" : currency,
  ageMs: null,
});

const words = { stale: "Stale", unknown: "Unknown", lost: "Collector lost" } as const;

/** Stands above observed data that are not current, in words and shape; nothing while they are. */
export const FreshnessLine = ({ currency, observedAt }: { currency: Currency; observedAt: string | null }) =>
  currency === "fresh" ? null : (
    <div className="freshness-line hatch" role="status">
      <Status tone={currency === "unknown" ? "unknown" : "stale"} label={words[currency]} />
      <span>
        {currency === "lost" && "Nobody observes now. "}
        {observedAt === null ? (
          "No sample yet."
        ) : (
          <>
            Last sample <Time at={observedAt} />, <Age at={observedAt} suffix="ago" />. What is shown may have
            changed since.
          </>
        )}
      </span>
    </div>
  );

/** What it says where a panel has room for one word: that its data are not current, else what is given. */
export const UnlessOld = ({ observation, children }: { observation: Observation; children: ReactNode }) => {
  const currency = useCurrency(observation);
  return currency === "fresh" ? children : <span className="tx-stale b">{words[currency]}</span>;
};
