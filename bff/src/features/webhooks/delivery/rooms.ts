/** What the receiver's answer says about its capacity. */
export type RoomVerdict = "up" | "down" | "neither";

export type Room = {
  /** Call once; hands the room to whoever waits for it. */
  leave(verdict: RoomVerdict): void;
};

type Lane = {
  running: number;
  /** Attempts that the receiver keeps up with, as far as known. */
  limit: number;
  halvedAtMs: number;
  line: ((room: Room) => void)[];
};

const startLimit = 20;
const halveEveryMs = 1_000;

/**
 * Rooms for the attempts of a process. An endpoint's limit grows by one for each round of answers that used it up,
 * and is halved when the receiver fails. No endpoint holds more rooms than are free, so that a slow one leaves room
 * for the others; what becomes free goes to the endpoints that wait, in turn.
 */
export function createRooms(options: {
  capacity: number;
  perEndpoint: number;
  line: number;
  now: () => number;
}) {
  const { capacity, perEndpoint, now } = options;
  const lanes = new Map<string, Lane>();
  /** Endpoints with a line, in the order of their turns. */
  const waiting = new Set<string>();
  let taken = 0;

  const hasRoom = ({ running, limit }: Lane) =>
    taken < capacity && running < Math.floor(limit) && (running === 0 || running < capacity - taken);

  function learn(lane: Lane, verdict: RoomVerdict) {
    if (verdict === "up" && lane.running >= Math.floor(lane.limit) - 1)
      lane.limit = Math.min(perEndpoint, lane.limit + 1 / Math.max(1, Math.floor(lane.limit / startLimit)));
    if (verdict !== "down" || now() - lane.halvedAtMs < halveEveryMs) return;
    lane.limit = Math.max(1, lane.limit / 2);
    lane.halvedAtMs = now();
  }

  function take(endpointId: string, lane: Lane): Room {
    lane.running += 1;
    taken += 1;
    return {
      leave(verdict) {
        learn(lane, verdict);
        lane.running -= 1;
        taken -= 1;
        handOver();
        if (lane.running === 0 && lane.line.length === 0 && lane.limit >= startLimit)
          lanes.delete(endpointId);
      },
    };
  }

  function handOver() {
    let isMoving = true;
    while (isMoving && taken < capacity) {
      isMoving = false;
      for (const endpointId of [...waiting]) {
        const lane = lanes.get(endpointId);
        const next = lane && hasRoom(lane) ? lane.line.shift() : undefined;
        if (!lane || !next) continue;
        // To the end of the turns, or out of them.
        waiting.delete(endpointId);
        if (lane.line.length > 0) waiting.add(endpointId);
        next(take(endpointId, lane));
        isMoving = true;
      }
    }
  }

  return {
    /** A room, as soon as there is one; null if too many of this endpoint wait already. */
    enter(endpointId: string): Promise<Room> | null {
      const lane = lanes.get(endpointId) ?? {
        running: 0,
        limit: Math.min(startLimit, perEndpoint),
        halvedAtMs: Number.NEGATIVE_INFINITY,
        line: [],
      };
      lanes.set(endpointId, lane);
      if (lane.line.length === 0 && hasRoom(lane)) return Promise.resolve(take(endpointId, lane));
      if (lane.line.length >= options.line) return null;
      return new Promise((resolve) => {
        lane.line.push(resolve);
        waiting.add(endpointId);
      });
    },
  };
}
