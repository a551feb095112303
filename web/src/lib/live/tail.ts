import { type InfiniteData, type QueryKey, useQueryClient } from "@tanstack/react-query";
import type { AnyTopic, Heads, LiveTopic } from "@wheelhouse/shared/live/topic.ts";
import { type Dispatch, type RefObject, type SetStateAction, useEffect, useRef, useState } from "react";
import { useLive, useLiveResync } from "./live-context.tsx";

/** A keyset-paged list in the server's format. */
export type TailPage<T> = { items: T[]; nextCursor: string | null };

export type TailRules<T> = {
  /** Order of the list: negative when `a` comes before `b`. */
  compare: (a: T, b: T) => number;
  /** Whether a row that is not shown belongs to the filtered list. */
  matches: (row: T) => boolean;
  /** True while nobody is reading: new rows are inserted. False: they are only reported as missed. */
  follow: boolean;
};

export type TailMerge<T> = {
  /** The same array when no shown row changed, to avoid rendering again. */
  pages: TailPage<T>[];
  /** Matching rows within the loaded pages that are not shown, in message order. */
  missed: T[];
};

/** The page that a row belongs to; -1 when it is older than all loaded pages. */
const pageOf = <T>(pages: readonly TailPage<T>[], row: T, compare: TailRules<T>["compare"]): number => {
  const last = pages.length - 1;
  return pages.findIndex((page, index) => {
    const tail = page.items.at(-1);
    if (tail !== undefined && compare(row, tail) < 0) return true;
    return index === last && page.nextCursor === null;
  });
};

/** Replaces shown rows with heads of the same id; inserts or reports the others, see {@link TailRules}. */
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

/** Rows that a paused list has not shown yet. Ids are kept up to a limit, then only counted. */
export type Unread = {
  ids: ReadonlySet<string>;
  /** Number of rows beyond the kept ids. */
  uncounted: number;
  /** More rows arrived than a message can hold, so the number is a lower bound. */
  open: boolean;
};

export const nothingUnread: Unread = { ids: new Set(), uncounted: 0, open: false };
const rememberedMax = 1000;

/** `overflow`: rows that a message counted but did not include. */
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

type Pages<T> = InfiniteData<TailPage<T>, string | undefined>;

export type Tail = {
  isPaused: boolean;
  /** Rows that arrived while paused; `isMore` means that the actual number is higher. */
  newCount: number;
  isMore: boolean;
  /** Ref for an element before the first row; while it is in view, the reader is at the top. */
  sentinel: RefObject<HTMLDivElement | null>;
  pause: () => void;
  /** Fetches the newest page, drops the older ones and scrolls to the top. */
  resume: () => void;
};

// Beyond this size a running list is refetched, so that an open tab does not grow for days.
const rowsMax = 300;

const isSelectingText = (): boolean => {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && selection.toString().trim() !== "";
};

/** A focused row counts as reading. */
const isRowFocused = (): boolean =>
  document.activeElement?.closest("tbody") !== null && document.activeElement !== null;

type TailOptions<T extends { id: string }> = {
  topic: AnyTopic & LiveTopic<Heads<T>>;
  queryKey: QueryKey;
  compare: (a: T, b: T) => number;
  matches: (row: T) => boolean;
};

/** The sentinel, and whether it is in view; initially it is. */
const useAtTop = () => {
  const [isAtTop, setIsAtTop] = useState(true);
  const sentinel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = sentinel.current;
    if (element === null) return;
    const observer = new IntersectionObserver(([entry]) => setIsAtTop(entry?.isIntersecting ?? true));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { isAtTop, sentinel };
};

/** Counts rows instead of showing them. A different filter makes a different list, so its count starts at zero. */
const useUnread = (listId: string) => {
  const [unread, setUnread] = useState(nothingUnread);
  const [shownList, setShownList] = useState(listId);
  if (shownList !== listId) {
    setShownList(listId);
    setUnread(nothingUnread);
  }
  return { unread, setUnread };
};

/**
 * Inserts rows from the topic's messages into the query's pages, or counts them.
 * @returns a function that fetches the newest page.
 */
const useHeads = <T extends { id: string }>(
  { topic, queryKey, compare, matches }: TailOptions<T>,
  isPaused: boolean,
  setUnread: Dispatch<SetStateAction<Unread>>,
) => {
  const client = useQueryClient();
  const fetchNewest = () => {
    setUnread(nothingUnread);
    client.setQueryData<Pages<T>>(queryKey, (data) =>
      data === undefined ? data : { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    );
    void client.invalidateQueries({ queryKey });
  };

  useLiveResync(topic, () => {
    if (isPaused) setUnread((before) => ({ ...before, open: true }));
    else fetchNewest();
  });

  const hear = (message: Heads<T>) => {
    const data = client.getQueryData<Pages<T>>(queryKey);
    if (data === undefined) return;
    const follow = !isPaused && !isSelectingText() && !isRowFocused();
    const { pages, missed } = mergeHeads(data.pages, message.heads, { compare, matches, follow });
    if (pages !== data.pages) client.setQueryData<Pages<T>>(queryKey, { ...data, pages });
    const unsent = Math.max(0, message.newCount - message.heads.length);
    if (follow) {
      const rows = pages.reduce((sum, page) => sum + page.items.length, 0);
      if (unsent > 0 || rows > rowsMax) fetchNewest();
      return;
    }
    setUnread((before) =>
      addUnread(
        before,
        missed.map((row) => row.id),
        unsent,
      ),
    );
  };

  useLive(topic, hear);
  return fetchNewest;
};

/**
 * Keeps a keyset-paged list of a TanStack infinite query current through its live topic.
 *
 * Shown rows are updated immediately. New rows are inserted only while nobody is reading: at the top,
 * nothing selected, no row focused, not `isReading` (an open drawer) and not paused manually; otherwise
 * they are counted.
 */
export const useTail = <T extends { id: string }>(options: TailOptions<T> & { isReading: boolean }): Tail => {
  const { unread, setUnread } = useUnread(JSON.stringify(options.queryKey));
  const [isHeld, setIsHeld] = useState(false);
  const { isAtTop, sentinel } = useAtTop();
  const isBehind = unreadCount(unread) > 0 || unread.open;
  // Held-back rows leave a gap in the list, and only a new fetch closes it.
  const isPaused = isHeld || !isAtTop || options.isReading || isBehind;
  const fetchNewest = useHeads(options, isPaused, setUnread);

  const resume = () => {
    if (document.activeElement instanceof HTMLElement && isRowFocused()) document.activeElement.blur();
    setIsHeld(false);
    sentinel.current?.scrollIntoView({ block: "end" });
    fetchNewest();
  };

  return {
    isPaused,
    newCount: unreadCount(unread),
    isMore: unread.open,
    sentinel,
    pause: () => setIsHeld(true),
    resume,
  };
};
