import type { Head, Message } from "./message.ts";
import { applyRows, applyWhole, MalformedMessage } from "./patch.ts";
import type { AnyTopic, LiveList, LiveRow, LiveTopic, Observed, RowsReader } from "./topic.ts";

/** Applies the messages of one topic in order and returns the reader's data after each. */
export type Follower<Data> = {
  /**
   * @returns the data after the message; `gap` when a sequence number is missing, so that the whole has to be
   * requested again
   * @throws MalformedMessage when a message is malformed or does not fit the current data
   */
  take(message: Message): Data | "gap";
};

type Changes = { head: Extract<Head, { kind: "changes" }>; body: unknown };

/** Follows a list of rows. Its rows are always in the topic's order; unchanged rows keep their identity. */
export const followRows = <Row extends LiveRow, List extends LiveList<Row>>(
  topic: RowsReader<Row, List>,
): Follower<List> =>
  follow(topic, (list, { head: { observedAt, intervalMs }, body }) => {
    const items = applyRows(list.items, body, observedAt);
    const next: unknown = { ...list, observedAt, intervalMs, items };
    if (!topic.accepts(next)) throw new MalformedMessage("the rows do not have the shape of their topic");
    return sortRows(topic, next);
  });

/** Follows one object. Unchanged parts keep their identity. */
export const followWhole = <Whole extends Observed>(topic: LiveTopic<Whole>): Follower<Whole> =>
  follow(topic, (whole, { head, body }) => {
    const next = applyWhole(whole, body, head.observedAt);
    if (!topic.accepts(next)) throw new MalformedMessage("the data does not have the shape of its topic");
    return next;
  });

function follow<Data extends Observed>(
  topic: LiveTopic<Data>,
  step: (data: Data, changes: Changes) => Data,
): Follower<Data> {
  let held: { seq: number; data: Data } | null = null;
  return {
    take({ head, body }) {
      if (head.kind === "snapshot") {
        if (!topic.accepts(body))
          throw new MalformedMessage("a snapshot does not have the shape of its topic");
        held = { seq: head.seq, data: body };
        return body;
      }
      if (head.kind !== "changes") throw new MalformedMessage("the topic has no messages of this kind");
      if (held === null || head.seq !== held.seq + 1) {
        held = null;
        return "gap";
      }
      const before = held;
      // Nothing is kept while a message is applied: if it does not fit, only the whole helps.
      held = null;
      held = { seq: head.seq, data: step(before.data, { head, body }) };
      return held.data;
    },
  };
}

/** Sorts the rows of a list into the topic's order at their observation time. */
export function sortRows<Row extends LiveRow, List extends LiveList<Row>>(
  topic: RowsReader<Row, List>,
  list: List,
): List {
  const items = topic.sorted(list.items, Date.parse(list.observedAt ?? ""));
  return items === list.items ? list : { ...list, items: [...items] };
}

/** Follows a topic of any kind. Heads and personal messages are independent of each other. */
export function followTopic(topic: AnyTopic): Follower<unknown> {
  if (topic.kind === "rows") return followRows(topic);
  if (topic.kind === "whole") return followWhole(topic);
  return {
    take({ head, body }) {
      if (head.kind !== topic.kind) throw new MalformedMessage("the topic has no messages of this kind");
      const data: unknown =
        head.kind === "heads" ? { newCount: head.newCount, heads: body, sentAt: head.sentAt } : body;
      if (!topic.accepts(data)) throw new MalformedMessage("a message does not have the shape of its topic");
      return data;
    },
  };
}
