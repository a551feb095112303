import { hash as hashOf } from "node:crypto";
import { auditContent, linkHash } from "#features/audit/writing/content.ts";
import type { AuditFields } from "#lib/change.ts";
import { type Kind, kinds, places } from "./audit-read-kinds.ts";

export const organizationCount = 50;
const dayMs = 86_400_000;
const spanMs = 365 * dayMs;
const checkedEvery = 997;

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
export const seededOrganization = (org: number) => `0198e000-0000-7000-8000-${hex(org + 1, 12)}`;
export const seededActor = (org: number, n: number) => `0198e001-0000-7000-8000-${hex(org * 1_000 + n, 12)}`;
export const seededTarget = (org: number, n: number) =>
  `0198e002-0000-7000-8000-${hex(org * 10_000 + n, 12)}`;

/** One large organization has a fifth of all events, four have a seventeenth each, and forty-five share the rest. */
export const peopleOf = (org: number) => (org === 0 ? 400 : org < 5 ? 120 : 40);
export const targetsOf = (org: number) => (org === 0 ? 3_000 : org < 5 ? 900 : 300);
const organizationOf = (u: number) =>
  u < 0.2 ? 0 : u < 0.44 ? 1 + Math.floor((u - 0.2) / 0.06) : 5 + Math.floor(((u - 0.44) / 0.56) * 45);

const firstNames = [
  "Ada",
  "Amir",
  "Bea",
  "Chen",
  "Dana",
  "Elif",
  "Femi",
  "Grace",
  "Hugo",
  "Ines",
  "Jan",
  "Kofi",
];
const lastNames = [
  "Abara",
  "Berg",
  "Costa",
  "Diaz",
  "Eder",
  "Fuchs",
  "Gupta",
  "Haas",
  "Ito",
  "Jones",
  "Kaya",
];
const reasons = [
  "Customer asked",
  "Certificate renewed",
  "Capacity doubled",
  "Found in review",
  "Receiver is back",
  "Wrong price",
  "Double payment",
  "Delivery was late",
  "Planned maintenance",
  "Key rotated",
  "Left the team",
  "Address changed",
  "Parcel lost",
  "Audit of the quarter",
  "Load test",
  "Contract ended",
  "Typing error",
];
const agents = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
];

const weighted = kinds.flatMap((kind) => Array<Kind>(kind.weight).fill(kind));

export type SeededEvent = {
  id: string;
  org: number;
  atMs: number;
  /** The canonical bytes, as the product would write them. */
  content: string;
  action: string;
  outcome: "success" | "denied" | "failure";
  actor: { type: string; id: string | null; display: string };
  targetKeys: string[];
  searchText: string;
  link: { seq: number; contentHash: Buffer; previous: Buffer; hash: Buffer };
};

/**
 * Events of 50 organizations over the year before `endMs`, in order of time, busiest by day; each continues its
 * organization's chain. The same every time except for the end. Writing content directly takes a twentieth of the time
 * that the product needs; every 997th event is compared with the product's own output, so that the seed contains
 * nothing that the product would not write.
 */
export function* makeEvents(size: number, endMs: number): Generator<SeededEvent> {
  const dice = createDice(20_260_101);
  const chains = Array.from({ length: organizationCount }, (_, org) => createChain(org));
  const startMs = Math.floor((endMs - spanMs) / dayMs) * dayMs;
  for (let i = 0; i < size; i++) {
    const day = (i / size) * 365;
    const within = day - Math.floor(day);
    // Four fifths between 07:00 and 19:00.
    const hour =
      within < 0.1 ? within * 70 : within < 0.9 ? 7 + (within - 0.1) * 15 : 19 + (within - 0.9) * 50;
    const atMs = startMs + Math.floor(day) * dayMs + Math.floor(hour * 3_600_000);
    const org = organizationOf(dice() / 2 ** 32);
    const isChecked = i % checkedEvery === 0;
    const event = makeEvent(org, atMs, dice, isChecked);
    chains[org]?.(event, isChecked);
    yield event;
  }
}

const noHash = Buffer.alloc(32);

/** Adds its link to each event: the bytes of the product's `linkHash`, hashed in one batch. */
function createChain(org: number) {
  const organizationId = seededOrganization(org);
  let head: Buffer = noHash;
  let seq = 0;
  const field = (bytes: number) => `\0\0\0${String.fromCharCode(bytes)}`;
  const start = `${field(18)}wheelhouse-audit-1${field(36)}${organizationId}`;
  return (event: SeededEvent, isChecked: boolean) => {
    seq += 1;
    const [contentHash, previous] = [hashOf("sha256", event.content, "buffer"), head];
    const text = String(seq);
    const front = `${start}${field(text.length)}${text}${field(36)}${event.id}${field(32)}`;
    const bytes = Buffer.allocUnsafe(front.length + 68);
    bytes.write(front, "latin1");
    bytes.set(contentHash, front.length);
    bytes.writeUInt32BE(32, front.length + 32);
    bytes.set(previous, front.length + 36);
    const hash = hashOf("sha256", bytes, "buffer");
    if (
      isChecked &&
      !linkHash({ organizationId, seq, auditId: event.id, contentHash, previous }).equals(hash)
    )
      throw new Error("a seeded link differs from the product's");
    event.link.seq = seq;
    event.link.contentHash = contentHash;
    event.link.previous = previous;
    event.link.hash = hash;
    head = hash;
  };
}

function makeEvent(org: number, atMs: number, dice: () => number, isChecked: boolean): SeededEvent {
  const [a, b, c, d] = [dice(), dice(), dice(), dice()];
  const time = hex(atMs, 12);
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${hex(a & 0xfff, 3)}-a${hex(b & 0xfff, 3)}-${hex(c, 8)}${hex(d & 0xffff, 4)}`;
  const kind = weighted[(a >>> 8) % weighted.length] ?? kinds[0];
  if (!kind) throw new Error("no kinds");
  const isReported = kind.action.startsWith("app:");
  const people = peopleOf(org);
  const place = Math.floor((people + 4) * (c / 2 ** 32) ** 2);
  const who = place < people ? "user" : place < people + 3 ? "token" : "system";
  const display =
    who === "user"
      ? `${firstNames[place % 12] ?? ""} ${lastNames[(place * 7 + org) % 11] ?? ""} ${org}-${place}`
      : who === "token"
        ? `token-${place - people}`
        : "schedule";
  const actorId = who === "system" ? null : seededActor(org, place);
  const authMethod = who === "user" ? "password" : who === "token" ? "token" : "internal";
  const session = who === "user" && !isReported ? sessionOf(org, place, (b >>> 12) % 4) : null;
  const per1000 = (d >>> 4) % 1_000;
  const outcome = per1000 < 25 ? "denied" : per1000 < 30 ? "failure" : "success";
  const number = (b >>> 4) % targetsOf(org);
  const target = {
    type: kind.target,
    id: seededTarget(org, number),
    name: `${places[number % 8] ?? ""}-${number}.example`,
  };
  const [before, after] = [kind.before?.(c >>> 3, d >>> 3) ?? null, kind.after?.(c >>> 3, d >>> 3) ?? null];
  const reason =
    a % 3 === 0 ? `${reasons[(c >>> 5) % reasons.length] ?? ""}, INC-${(d >>> 9) % 20_000}` : null;
  const address = who === "system" ? null : `10.${org}.${(place * 3) % 250}.${(c >>> 4) % 250}`;
  const userAgent = who === "user" ? (agents[place % 3] ?? null) : null;
  const requestId = who === "system" ? null : `req_${hex(b, 8)}${hex(a & 0xffff, 4)}`;
  const [recordedAt, name, slug] = [isoOf(atMs), `Bench ${org}`, `bench-${org}`];
  const organizationId = seededOrganization(org);
  const content =
    `{"action":"${kind.action}","actor":{"authMethod":"${authMethod}","display":"${display}","id":${text(actorId)},` +
    `"session":${text(session && sessionHash(session))},"type":"${isReported ? "external" : who}"},"address":${text(address)},` +
    `"after":${canonicalFields(after)},"before":${canonicalFields(before)},"id":"${id}","impersonator":null,` +
    `"occurredAt":null,"organization":{"id":"${organizationId}","name":"${name}","slug":"${slug}"},` +
    `"outcome":"${outcome}","reason":${text(reason)},"recordedAt":"${recordedAt}","reportedBy":${isReported ? reporterText : "null"},` +
    `"requestId":${text(requestId)},"schemaVersion":2,` +
    `"targets":[{"id":"${target.id}","name":"${target.name}","type":"${target.type}"}],"userAgent":${text(userAgent)}}`;
  if (isChecked) {
    const self = { type: who, id: actorId, display, authMethod, sessionId: session } as const;
    const origin = {
      actor: { ...(isReported ? reporter : self), can: refused },
      organization: { id: organizationId, slug, name },
      requestId: requestId ?? "",
      address,
      userAgent,
    };
    const entry = { targets: [target], before, after, reason };
    const reported = isReported
      ? {
          occurredAt: null,
          actor: { id: actorId, name: display, authMethod },
          impersonator: null,
          address,
          userAgent,
          requestId,
        }
      : undefined;
    const asWritten = auditContent(origin, { id, recordedAt, action: kind.action, outcome, entry, reported });
    if (asWritten !== content)
      throw new Error(`seeded content differs from the product's:\n${content}\n${asWritten}`);
  }
  const targetKeys = [target.id, target.name];
  const searched = [
    kind.action,
    display,
    ...targetKeys,
    reason,
    jsonbText(before),
    jsonbText(after),
    address,
    requestId,
  ];
  return {
    id,
    org,
    atMs,
    content,
    action: kind.action,
    outcome,
    targetKeys,
    actor: { type: isReported ? "external" : who, id: actorId, display },
    searchText: searched.filter(isText).join(" "),
    link: { seq: 0, contentHash: noHash, previous: noHash, hash: noHash },
  };
}

const reporter = {
  type: "token",
  id: "0198e003-0000-7000-8000-000000000001",
  display: "shop",
  authMethod: "token",
  sessionId: null,
} as const;
const reporterText = `{"authMethod":"token","display":"${reporter.display}","id":"${reporter.id}","session":null,"type":"token"}`;

const isText = (part: string | null) => part !== null;
const text = (value: string | null) => (value === null ? "null" : `"${value}"`);
const two = (n: number) => (n < 10 ? `0${n}` : String(n));

const refused = () => ({ in: () => ({ check: () => false }) });
const sessions = new Map<string, string>();
const sessionOf = (org: number, place: number, n: number) => `${seededActor(org, place)}/${n}`;
function sessionHash(session: string): string {
  const known = sessions.get(session);
  if (known) return known;
  const made = hashOf("sha256", session).slice(0, 16);
  sessions.set(session, made);
  return made;
}

let dayStartMs = -1;
let dayText = "";
/** Like `toISOString`, whose day is the same for thousands of events. */
function isoOf(atMs: number): string {
  const startMs = atMs - (atMs % dayMs);
  if (startMs !== dayStartMs) {
    dayStartMs = startMs;
    dayText = new Date(startMs).toISOString().slice(0, 11);
  }
  const s = Math.floor((atMs - startMs) / 1_000);
  return `${dayText}${two(Math.floor(s / 3_600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${String(atMs % 1_000).padStart(3, "0")}Z`;
}

/** Their keys are in order above. */
const canonicalFields = (fields: AuditFields | null) => JSON.stringify(fields);

/** In Postgres's jsonb format: short keys first, a space after each separator. */
function jsonbText(fields: AuditFields | null): string | null {
  if (!fields) return null;
  const parts = Object.keys(fields)
    .sort((x, y) => x.length - y.length || (x < y ? -1 : 1))
    .map((key) => `"${key}": ${JSON.stringify(fields[key]).replaceAll('","', '", "')}`);
  return `{${parts.join(", ")}}`;
}

/** Repeatable numbers below 2^32 for a seed (mulberry32). */
function createDice(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
