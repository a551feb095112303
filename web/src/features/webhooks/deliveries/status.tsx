import type { BreakerState, Delivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Status, type Tone } from "#ui/page/status.tsx";
import { statusWords } from "./search.ts";

const tones: Record<Delivery["status"], Tone> = {
  pending: "neutral",
  processing: "run",
  completed: "ok",
  failed: "degraded",
  dead_letter: "down",
  discarded: "neutral",
};

/** State of a delivery: filled in headings, shape and word in dense lists. */
export const DeliveryStatus = ({
  status,
  inRow = false,
}: {
  status: Delivery["status"];
  inRow?: boolean;
}) => <Status tone={tones[status]} label={statusWords[status]} inRow={inRow} />;

const breakers: Record<BreakerState, { tone: Tone; label: string }> = {
  closed: { tone: "ok", label: "Closed" },
  half_open: { tone: "degraded", label: "Half-open" },
  open: { tone: "down", label: "Open" },
};

export const BreakerStatus = ({ state, inRow = false }: { state: BreakerState; inRow?: boolean }) => (
  <Status {...breakers[state]} inRow={inRow} />
);
