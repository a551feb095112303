import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type BellItem, bellTopic } from "@wheelhouse/shared/alerts/notifications.ts";
import { Suspense, useEffect, useRef, useState } from "react";
import { useLive, useLiveResync } from "#lib/live/live-context.tsx";
import { onDemand } from "#lib/on-demand.ts";
import { bellQuery, withItem } from "./queries.ts";

const freshMs = 10_000;
const BellPanel = onDemand(() => import("./panel.tsx"));

/** Keeps the list current, and rings for what is critical if the person wants it. */
const useBell = (organization: string) => {
  const client = useQueryClient();
  const options = bellQuery(organization);
  const bell = useQuery(options);
  useLive(
    bellTopic,
    (item: BellItem) => {
      client.setQueryData(options.queryKey, (before) =>
        before === undefined ? before : withItem(before, item),
      );
      if (item.severity === "critical" && item.event !== "resolved" && bell.data?.hasSound === true)
        void import("./sound.ts").then(({ ring }) => ring());
    },
    { whenHidden: true },
  );
  const { dataUpdatedAt } = bell;
  const later = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(later.current), []);
  useLiveResync(bellTopic, () => {
    const reread = () => void client.invalidateQueries({ queryKey: options.queryKey });
    clearTimeout(later.current);
    // The list came with the page a moment ago: what was missed since is read once the page is there.
    if (Date.now() - dataUpdatedAt < freshMs) later.current = setTimeout(reread, freshMs);
    else reread();
  });
  return bell;
};

/** The bell of the top bar with the number of unread notifications. */
export const Bell = ({ organization }: { organization: string }) => {
  const bell = useBell(organization);
  const [isOpen, setOpen] = useState(false);
  const unread = bell.data?.unread ?? 0;
  const isCritical =
    bell.data?.items.some(({ severity, readAt }) => severity === "critical" && readAt === null) === true;
  const label = unread === 0 ? "Notifications" : `Notifications, ${unread} unread`;
  return (
    <>
      <button
        type="button"
        className="bell"
        aria-label={label}
        title={label}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" className="ic">
          <path d="M4 7a4 4 0 0 1 8 0c0 3 1.2 4 1.6 4.6H2.4C2.8 11 4 10 4 7ZM6.7 13.6a1.4 1.4 0 0 0 2.6 0" />
        </svg>
        {unread > 0 && <b className={isCritical ? "bad" : ""}>{unread > 99 ? "99+" : unread}</b>}
      </button>
      {isOpen && (
        <Suspense>
          <BellPanel organization={organization} bell={bell} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
};
