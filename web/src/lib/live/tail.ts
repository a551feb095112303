/** A keyset-paged list as the server returns it. */
export type TailPage<T> = { items: T[]; nextCursor: string | null };

export type TailRules<T> = {
  /** Order of the list, first row first: negative when `a` stands above `b`. */
  compare: (a: T, b: T) => number;
  /** Whether a row that is not shown belongs to the filtered list. */
  matches: (row: T) => boolean;
  /** True while nobody is reading: new rows are inserted. False: they are only reported as missed. */
  follow: boolean;
};

export type TailMerge<T> = {
  /** The same array when no shown row changed, so that nothing renders again. */
  pages: TailPage<T>[];
  /** Matching rows within the loaded pages that are not shown, in message order. */
  missed: T[];
};

/** Page that a row belongs to; -1 when it is older than all loaded pages. */
const pageOf = <T>(pages: readonly TailPage<T>[], row: T, compare: TailRules<T>["compare"]): number => {
  const last = pages.length - 1;
  return pages.findIndex((page, index) => {
    const tail = page.items.at(-1);
    if (tail !== undefined && compare(row, tail) < 0) return true;
    return index === last && page.nextCursor === null;
  });
};

/** Heads replace shown rows with the same id; others are inserted or reported, see {@link TailRules}. */
export const mergeHeads = <T extends { id: string }>(
  pages: TailPage<T>[],
  heads: readonly T[],
  { compare, matches, follow }: TailRules<T>,
): TailMerge<T> => {
  const byId = new Map(heads.map((head) => [head.id, head]));
  const shown = new Set<string>();
  let merged = pages.map((page) => {
    let touched = false;
    const items = page.items.map((row) => {
      const head = byId.get(row.id);
      if (head === undefined) return row;
      shown.add(row.id);
      touched = true;
      return head;
    });
    return touched ? { ...page, items } : page;
  });
  if (shown.size === 0) merged = pages;

  const missed: T[] = [];
  for (const head of byId.values()) {
    if (shown.has(head.id) || !matches(head)) continue;
    const at = pageOf(merged, head, compare);
    if (at < 0) continue;
    if (!follow) missed.push(head);
    else {
      merged = merged.map((page, index) =>
        index === at ? { ...page, items: [...page.items, head].sort(compare) } : page,
      );
    }
  }
  return { pages: merged, missed };
};

/** Rows that a paused list has not shown yet. Ids are remembered up to a limit, then only counted. */
export type Unread = {
  ids: ReadonlySet<string>;
  /** Number of rows beyond the remembered ids. */
  uncounted: number;
  /** More rows arrived than a message holds, so the number is a lower bound. */
  open: boolean;
};

export const nothingUnread: Unread = { ids: new Set(), uncounted: 0, open: false };
const rememberedMax = 1000;

/** `overflow`: rows that a message counted without sending them. */
export const addUnread = (unread: Unread, ids: readonly string[], overflow: number): Unread => {
  if (ids.length === 0 && overflow === 0) return unread;
  const next = new Set(unread.ids);
  let uncounted = unread.uncounted;
  for (const id of ids) {
    if (next.has(id)) continue;
    if (next.size < rememberedMax) next.add(id);
    else uncounted += 1;
  }
  return { ids: next, uncounted, open: unread.open || overflow > 0 };
};

export const unreadCount = (unread: Unread): number => unread.ids.size + unread.uncounted;
