import { type Follower, followRows, type Message, unpack } from "@wheelhouse/shared/live/message.ts";
import type { LiveList, LiveRow } from "@wheelhouse/shared/live/topic.ts";
import { topics } from "@wheelhouse/shared/live.ts";

type Hears = { onAny(listener: (event: string, message: unknown) => void): unknown };
type Rows = Follower<LiveList<LiveRow>>;

/**
 * Everything that a client receives, unpacked and in order: `<topic>:<kind>` and its content. For a change of rows,
 * `changed` has the complete rows that differ, and `removed` the ids of those that are gone.
 */
export function hearAll(client: Hears): [string, unknown][] {
  const frames: [string, unknown][] = [];
  const rows = new Map<string, ReturnType<typeof followChanges>>();
  let last: Promise<unknown> = Promise.resolve();
  client.onAny((event, payload) => {
    last = last.then(async () => {
      if (!(payload instanceof Uint8Array)) return frames.push([event, payload]);
      const message = await unpack(payload);
      const topic = Object.values(topics).find(({ name }) => name === event);
      const follow =
        rows.get(event) ??
        followChanges(topic?.kind === "rows" ? followRows<LiveRow, LiveList<LiveRow>>(topic) : null);
      rows.set(event, follow);
      return frames.push([`${event}:${message.head.kind}`, follow(message)]);
    });
  });
  return frames;
}

function followChanges(follower: Rows | null) {
  let before: readonly LiveRow[] = [];
  return (message: Message) => {
    const { head, body } = message;
    if (head.kind === "heads") return { ...head, heads: body };
    const list = follower?.take(message);
    if (list === "gap") return { ...head, gap: true };
    const was = new Map(before.map((row) => [row.id, row]));
    const changed = (list?.items ?? []).filter((row) => was.get(row.id) !== row);
    for (const { id } of list?.items ?? []) was.delete(id);
    before = list?.items ?? [];
    return head.kind === "changes"
      ? { ...head, patch: body, changed, removed: [...was.keys()] }
      : { ...head, data: body };
  };
}
