/** What the receiver's answer says about its capacity. */
export type RoomVerdict = "up" | "down" | "neither";

export type Room = {
  /** Call once; hands the room to whoever waits for it. */
  leave(verdict: RoomVerdict): void;
};

/** `room`: now or once it is handed over. `later`: too many wait already; when to come back. */
export type Entry = { kind: "room"; room: Promise<Room> } | { kind: "later"; afterMs: number };

type Lane = {
  running: number;
  /** Attempts that the receiver keeps up with, as far as known. */
  limit: number;
  /** Bound of the limit, set for the endpoint. */
  most: number;
  /** Until its first failure the limit grows by half in a round, then by one. */
  hasFailed: boolean;
  halvedAtMs: number;
  /** Successful answers of the present round, and whether the limit was used up in it. */
  answered: number;
  wasFull: boolean;
  line: ((room: Room) => void)[];
  /** Sent back lately for want of a place in the line, and answers of the last seconds, per second. */
  sentBack: number;
  answersPerSecond: number;
  countedAtMs: number;
  answersCounted: number;
  leftAtMs: number;
};

const startLimit = 20;
const halveEveryMs = 1_000;
/** How long the limit of an idle endpoint is remembered, and of how many. */
const rememberedMs = 10 * 60_000;
const mostRemembered = 10_000;
const comeBackMs = { least: 500, most: 15_000 };

/** The answers of a lane per second; what was sent back fades as it returns. */
function count(lane: Lane, nowMs: number) {
  const elapsedMs = nowMs - lane.countedAtMs;
  if (elapsedMs < 1_000) return;
  lane.answersPerSecond = (lane.answersCounted / elapsedMs) * 1_000;
  lane.answersCounted = 0;
  lane.countedAtMs = nowMs;
  lane.sentBack = Math.max(0, lane.sentBack - (2 * lane.answersPerSecond + 1) * (elapsedMs / 1_000));
}

/** A full round of answers that used the limit up lets it grow; a failure halves it, at most once a second. */
function learn(lane: Lane, verdict: RoomVerdict, nowMs: number) {
  if (verdict === "up") {
    lane.answered += 1;
    if (lane.running >= Math.floor(lane.limit)) lane.wasFull = true;
    if (lane.answered < Math.floor(lane.limit)) return;
    const grown = lane.hasFailed ? lane.limit + 1 : lane.limit * 1.5;
    if (lane.wasFull) lane.limit = Math.min(lane.most, grown);
    lane.answered = 0;
    lane.wasFull = false;
  }
  if (verdict !== "down" || nowMs - lane.halvedAtMs < halveEveryMs) return;
  lane.limit = Math.max(1, lane.limit / 2);
  lane.hasFailed = true;
  lane.halvedAtMs = nowMs;
  lane.answered = 0;
}

/**
 * Rooms for the attempts of a process. An endpoint's limit grows with each round of answers that used it up, and is
 * halved when the receiver fails. No endpoint holds more rooms than are free, nor more places to wait than are free, so
 * that slow ones leave both for the others; what becomes free goes to the endpoints that wait, in turn. What finds no
 * place to wait comes back about as fast as its receiver answers.
 */
export function createRooms(options: {
  capacity: number;
  perEndpoint: number;
  /** Places to wait for rooms: in all, and at most of one endpoint. */
  places: number;
  line: number;
  now: () => number;
}) {
  const { capacity, perEndpoint, places, line: longest, now } = options;
  /** The least recently used first. */
  const lanes = new Map<string, Lane>();
  /** Endpoints with a line, in the order of their turns. */
  const waiting = new Set<string>();
  let taken = 0;
  let inLine = 0;

  const hasRoom = ({ running, limit }: Lane) =>
    taken < capacity && running < Math.floor(limit) && (running === 0 || running < capacity - taken);
  const hasPlace = ({ line }: Lane) =>
    line.length < longest && inLine < places && line.length <= places - inLine;
  const isIdle = ({ running, line }: Lane) => running === 0 && line.length === 0;

  function forgetOld() {
    for (const [id, lane] of lanes) {
      if (lanes.size <= mostRemembered && now() - lane.leftAtMs < rememberedMs) return;
      if (isIdle(lane)) lanes.delete(id);
      else if (lanes.size <= mostRemembered) return;
    }
  }

  function laneOf(endpointId: string, most: number): Lane {
    const known = lanes.get(endpointId);
    if (known) {
      lanes.delete(endpointId);
      known.most = most;
      known.limit = Math.min(known.limit, most);
    }
    const lane = known ?? {
      running: 0,
      limit: Math.min(startLimit, most),
      most,
      hasFailed: false,
      halvedAtMs: Number.NEGATIVE_INFINITY,
      answered: 0,
      wasFull: false,
      line: [],
      sentBack: 0,
      answersPerSecond: 0,
      countedAtMs: now(),
      answersCounted: 0,
      leftAtMs: now(),
    };
    lanes.set(endpointId, lane);
    if (!known) forgetOld();
    return lane;
  }

  function take(lane: Lane): Room {
    lane.running += 1;
    taken += 1;
    return {
      leave(verdict) {
        learn(lane, verdict, now());
        lane.answersCounted += 1;
        lane.running -= 1;
        lane.leftAtMs = now();
        taken -= 1;
        handOver();
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
        inLine -= 1;
        // To the end of the turns, or out of them.
        waiting.delete(endpointId);
        if (lane.line.length > 0) waiting.add(endpointId);
        next(take(lane));
        isMoving = true;
      }
    }
  }

  return {
    /** @param most the endpoint's own bound. */
    enter(endpointId: string, most = perEndpoint): Entry {
      const lane = laneOf(endpointId, Math.min(most, perEndpoint));
      if (lane.line.length === 0 && hasRoom(lane)) return { kind: "room", room: Promise.resolve(take(lane)) };
      if (!hasPlace(lane)) {
        count(lane, now());
        lane.sentBack += 1;
        const afterMs = (lane.sentBack / (2 * lane.answersPerSecond + 1)) * 1_000;
        return { kind: "later", afterMs: Math.min(comeBackMs.most, Math.max(comeBackMs.least, afterMs)) };
      }
      inLine += 1;
      waiting.add(endpointId);
      return { kind: "room", room: new Promise((resolve) => lane.line.push(resolve)) };
    },
  };
}
