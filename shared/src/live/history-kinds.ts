import type { Capability } from "../capabilities.ts";
import { type Topic, topicNames, topics } from "../live.ts";
import type { TopicBase } from "./topic.ts";

type Topics = (typeof topics)[Topic];

/** A kind of thing whose figures the history keeps, as its topic declares it. */
export type HistoryKind = NonNullable<Extract<Topics, { history?: unknown }>["history"]>[number];
/** A kind under which the journal keeps changes of state, as a topic declares it. */
export type JournalKind = NonNullable<Extract<Topics, { journal?: unknown }>["journal"]>;

const declared: readonly TopicBase[] = topicNames.map((name) => topics[name]);

const capabilities: ReadonlyMap<string, Capability> = new Map(
  declared.flatMap(({ history = [], capability }) =>
    history.map((kind): [string, Capability] => [kind, capability]),
  ),
);

/** All kinds of things whose figures are kept. */
export const historyKinds: readonly string[] = [...capabilities.keys()];
/** All kinds of the journal. */
export const journalKinds: readonly string[] = declared.flatMap(({ journal }) => journal ?? []);

/** What reading the figures of a kind takes; undefined when nothing of that kind is kept. */
export const historyCapabilityOf = (kind: string): Capability | undefined => capabilities.get(kind);
