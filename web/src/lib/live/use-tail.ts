import type { InfiniteData, QueryKey } from "@tanstack/react-query";
import { useQueryClient } from "@tanstack/react-query";
import type { AnyTopic, Heads, LiveTopic } from "@wheelhouse/shared/live/topic.ts";
import { type Dispatch, type RefObject, type SetStateAction, useEffect, useRef, useState } from "react";
import { useLive, useLiveResync } from "./live-context.tsx";
import { addUnread, mergeHeads, nothingUnread, type TailPage, type Unread, unreadCount } from "./tail.ts";

type Pages<T> = InfiniteData<TailPage<T>, string | undefined>;

export type Tail = {
  isPaused: boolean;
  /** Rows that arrived while paused; `isMore`: there are more than counted. */
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

/** Rows counted instead of shown. Another filter is another list, so its count starts at zero. */
const useUnread = (listId: string) => {
  const [unread, setUnread] = useState(nothingUnread);
  const [shownList, setShownList] = useState(listId);
  if (shownList !== listId) {
    setShownList(listId);
    setUnread(nothingUnread);
  }
  return { unread, setUnread };
};

/** Inserts the rows of the topic's messages into the query's pages, or counts them. Returns a function that fetches the newest page. */
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
 * Shown rows are updated immediately. New rows are inserted only while nobody is reading: at the top, nothing
 * selected, no row focused, not `isReading` (an open drawer) and not paused manually; otherwise they are
 * counted.
 */
export const useTail = <T extends { id: string }>(options: TailOptions<T> & { isReading: boolean }): Tail => {
  const { unread, setUnread } = useUnread(JSON.stringify(options.queryKey));
  const [isHeld, setIsHeld] = useState(false);
  const { isAtTop, sentinel } = useAtTop();
  const isBehind = unreadCount(unread) > 0 || unread.open;
  // Once rows were held back the list has a gap: only fetching it anew makes it whole again.
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
