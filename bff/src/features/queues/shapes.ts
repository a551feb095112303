/**
 * The keys by which queues of other systems are recognised, as those systems document or write them. A name alone
 * proves nothing: each suspect says which keys must be there, and of which type.
 */

/** A queue of another system. */
export type OtherQueue = {
  system: string;
  name: string;
  /** Its key, or the pattern of its keys. */
  key: string;
  /** Whether its key is a list, whose length is what waits. */
  isList: boolean;
};

/** What the name of a key suggests. */
export type Suspect =
  | {
      kind: "keys";
      /** The same for every key of one queue. */
      id: string;
      /** Keys whose types decide. */
      probes: readonly string[];
      /** @param types of the probes in their order; `none` for a key that does not exist. */
      confirm(types: readonly string[]): OtherQueue | null;
    }
  /** A set with the names of queues, of which empty ones have no key of their own. */
  | { kind: "registry"; id: string; key: string; queueOf(member: string): OtherQueue | null };

const ownPrefix = "wheelhouse:";
/** Between a queue and its priority, and between the parts of a binding. */
const kombuSeparator = "\u0006\u0016";
/** Rules out most keys at once. */
const hint =
  /queue|job|task|celery|_kombu|huey|dramatiq|asynq|groupmq|:(?:wait|waiting|active|delayed|completed|failed|succeeded|stalled-check|stallBlock|meta-paused|Q)$|^(?:bull|bq):.*:id$/i;

/** What this key suggests; null for nothing. */
export function suspectOf(key: string): Suspect | null {
  if (key.startsWith(ownPrefix) || !(hint.test(key) || key.includes(kombuSeparator))) return null;
  for (const shape of shapes) {
    const suspect = shape(key);
    if (suspect) return suspect;
  }
  return null;
}

const listOf = (system: string, name: string, key: string): OtherQueue => ({
  system,
  name,
  key,
  isList: true,
});
const namedOf = (system: string, name: string, key: string): OtherQueue => ({
  system,
  name,
  key,
  isList: false,
});

/** A list that one system alone names so. */
const documentedLists: readonly (readonly [string, RegExp])[] = [
  ["Resque", /^(?:.*:)?resque:queue:(.+)$/],
  ["RQ", /^rq:queue:(.+)$/],
  ["Hangfire", /^(?:.*:)?\{?hangfire\}?:queue:(.+)$/],
  ["Dramatiq", /^(?:.*:)?dramatiq:([^:]+)$/],
  ["Huey", /^huey\.redis\.(.+)$/],
  ["Asynq", /^asynq:\{(.+)\}:pending$/],
];

const documentedList = (key: string): Suspect | null => {
  const [queue = "", priority = ""] = key.split(kombuSeparator);
  if (queue !== "" && /^\d$/.test(priority))
    return list(key, listOf("Celery", `${queue}, priority ${priority}`, key));
  if (key === "celery") return list(key, listOf("Celery", key, key));
  for (const [system, pattern] of documentedLists) {
    const name = pattern.exec(key)?.[1];
    if (name !== undefined) return list(key, listOf(system, name, key));
  }
  return null;
};

/** @param others keys that belong to another system beside this list; with one of them it is no queue of its own. */
const list = (key: string, queue: OtherQueue, others: readonly string[] = []): Suspect => ({
  kind: "keys",
  id: `list ${key}`,
  probes: [key, ...others],
  confirm: ([type, ...found]) => (type === "list" && found.every((each) => each === "none") ? queue : null),
});

/** Sets of queue names: Sidekiq `queues`, Resque `resque:queues`, RQ `rq:queues`, Asynq `asynq:queues`, Kombu bindings. */
const registry = (key: string): Suspect | null => {
  const made = (queueOf: (member: string) => OtherQueue | null): Suspect => ({
    kind: "registry",
    id: `registry ${key}`,
    key,
    queueOf,
  });
  if (key.startsWith("_kombu.binding."))
    return made((member) => {
      // Routing key, pattern and queue, with a separator between each.
      const name = member.split(kombuSeparator).at(-1) ?? "";
      // These queues carry answers and commands to workers.
      return name === "" || /\.pidbox$|^celeryev\./.test(name) ? null : listOf("Celery", name, name);
    });
  if (key === "queues") return made((member) => listOf("Sidekiq", member, `queue:${member}`));
  if (key === "rq:queues")
    return made((member) =>
      listOf("RQ", member.replace(/^rq:queue:/, ""), `rq:queue:${member.replace(/^rq:queue:/, "")}`),
    );
  if (key === "asynq:queues") return made((member) => listOf("Asynq", member, `asynq:{${member}}:pending`));
  const resque = /^((?:.*:)?resque):queues$/.exec(key)?.[1];
  if (resque) return made((member) => listOf("Resque", member, `${resque}:queue:${member}`));
  return null;
};

const bases = {
  bull: ["wait", "active", "delayed", "completed", "failed", "stalled-check", "meta-paused"],
  bee: ["waiting", "succeeded", "stallBlock", "jobs"],
};
const baseKey = new RegExp(`^(.+):([^:]+):(?:${[...bases.bull, ...bases.bee].join("|")})$`);

/**
 * Bull 3 and 4 and Bee-Queue use keys `<prefix>:<name>:…` as BullMQ does, but no `meta` hash. Bee-Queue keeps all jobs
 * in one hash `jobs`.
 */
const bullOrBee = (key: string): Suspect | null => {
  const [, prefix, name] = baseKey.exec(key) ?? /^(bull|bq):([^:]+):id$/.exec(key) ?? [];
  if (prefix === undefined || name === undefined) return null;
  const base = `${prefix}:${name}`;
  const parts = ["meta", "id", "jobs", "stalled-check", "wait", "delayed", "completed", "failed", "active"];
  return {
    kind: "keys",
    id: `base ${base}`,
    probes: parts.map((part) => `${base}:${part}`),
    confirm([meta, id, jobs, stalledCheck, wait, delayed, completed, failed, active]) {
      if (meta !== "none" || id !== "string") return null;
      if (jobs === "hash") return namedOf("Bee-Queue", name, `${base}:*`);
      const isBull =
        stalledCheck === "string" ||
        [wait, active].includes("list") ||
        [delayed, completed, failed].some((type) => type === "zset" || type === "set");
      return isBull ? namedOf("Bull 3 or 4", name, `${base}:*`) : null;
    },
  };
};

/** A queue that one key of a certain type proves. */
const provenBy =
  (system: string, pattern: RegExp, types: readonly string[], keyOf: (base: string) => string) =>
  (key: string): Suspect | null => {
    const [, base, name] = pattern.exec(key) ?? [];
    if (base === undefined || name === undefined) return null;
    return {
      kind: "keys",
      id: `${system} ${base}`,
      probes: [key],
      confirm: ([type = "none"]) => (types.includes(type) ? namedOf(system, name, keyOf(base)) : null),
    };
  };

const others = [
  provenBy(
    "GroupMQ",
    /^(groupmq:(.+?)):(?:ready|groups|delayed|completed|failed|processing|stalled:lastcheck|sched:lock)$/,
    ["zset", "set", "string"],
    (base) => `${base}:*`,
  ),
  provenBy("Kue", /^(.+:jobs:([^:]+)):inactive$/, ["zset"], (base) => `${base}:*`),
  provenBy("RSMQ", /^(.+:([^:]+)):Q$/, ["hash"], (base) => base),
  provenBy("arq", /^((arq:queue(?::[^:]+)?))$/, ["zset"], (base) => base),
];

/** A word for a queue as the first, second or last part of a name. */
const queueWord = "(?:queues?|jobs?|tasks?|job-?queue|task-?queue|work-?queue)";
const plainName = new RegExp(`^(?:${queueWord}|(?:[^:]+:)?${queueWord}[:/](.+)|.+[:/._-]${queueWord})$`, "i");
/** Parts of queues of other systems, and lists that go with a queue. */
const partOfQueue = /:(?:logs|notify|stalled|events|errors?|locks?|results?)$/i;

/** A list whose name says that it is a queue, such as `jobs:mail`, `queue:default` or `mail_queue`. */
const plainList = (key: string): Suspect | null => {
  if (!plainName.test(key) || partOfQueue.test(key)) return null;
  const [first = ""] = key.split(":", 1);
  const base = key.slice(0, Math.max(0, key.lastIndexOf(":")));
  const belonging = base === "" ? [] : [`${base}:id`, `${base}:meta`, `${first}:job:types`];
  return list(
    key,
    listOf("List", key, key),
    belonging.filter((each) => each !== key),
  );
};

const shapes = [registry, documentedList, ...others, bullOrBee, plainList];
