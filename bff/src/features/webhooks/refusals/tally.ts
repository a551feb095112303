import type { RefusedRequest } from "@wheelhouse/shared/webhooks/refusals.ts";

export type RefusedOnce = {
  organizationId: string;
  /** Empty if the request names no source of the organization. */
  source: string;
  reason: string;
  status: number;
  atMs: number;
  address: string;
  requestId: string;
  field: string | null;
  message: string;
  newest: RefusedRequest;
};
export type Counted = Omit<RefusedOnce, "atMs" | "address"> & {
  hourMs: number;
  requests: number;
  firstMs: number;
  lastMs: number;
  addresses: string[];
};

const hourMs = 3_600_000;
export const mostAddresses = 5;

/**
 * Counts refused requests by organization, source, reason and hour until they are taken. Beyond `limit` rows, those of
 * an organization are counted as one, and beyond twice as many only as a number.
 */
export function createTally(limit: number) {
  let rows = new Map<string, Counted>();
  let dropped = 0;

  const keyOf = ({ organizationId, source, reason }: RefusedOnce, hour: number) =>
    `${organizationId} ${hour} ${source} ${reason}`;

  function add(once: RefusedOnce): void {
    const { atMs, address, ...rest } = once;
    const hour = atMs - (atMs % hourMs);
    const key = keyOf(once, hour);
    const row = rows.get(key);
    if (!row) {
      const isOverflow = once.source === "" && once.reason === "other";
      if (rows.size >= limit && !isOverflow) {
        add({ ...once, source: "", reason: "other" });
        return;
      }
      if (rows.size >= limit * 2) {
        dropped += 1;
        return;
      }
      rows.set(key, {
        ...rest,
        hourMs: hour,
        requests: 1,
        firstMs: atMs,
        lastMs: atMs,
        addresses: [address],
      });
      return;
    }
    Object.assign(row, rest);
    row.requests += 1;
    row.lastMs = Math.max(row.lastMs, atMs);
    if (row.addresses[0] !== address)
      row.addresses = [address, ...row.addresses.filter((other) => other !== address)].slice(
        0,
        mostAddresses,
      );
  }

  return {
    add,
    get size() {
      return rows.size;
    },
    /** The rows since the last call, and how many requests are in none of them. */
    take() {
      const taken = { rows: [...rows.values()], dropped };
      rows = new Map();
      dropped = 0;
      return taken;
    },
    /** Counts rows again that could not be stored. */
    giveBack(counted: readonly Counted[]) {
      for (const row of counted) {
        const { hourMs: hour, requests, firstMs, lastMs, addresses, ...rest } = row;
        const key = keyOf({ ...rest, atMs: lastMs, address: addresses[0] ?? "" }, hour);
        const newer = rows.get(key);
        if (newer) {
          newer.requests += requests;
          newer.firstMs = Math.min(newer.firstMs, firstMs);
        } else if (rows.size < limit * 2) rows.set(key, row);
        else dropped += requests;
      }
    },
  };
}
