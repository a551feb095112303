import { useInfiniteQuery } from "@tanstack/react-query";
import type { Notification } from "@wheelhouse/shared/alerts/notifications.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Time, TimeHeader } from "#ui/text/time.tsx";
import css from "./on-call.module.css";
import { logQuery } from "./queries.ts";
import { channelNames, stateNames } from "./words.ts";

const said = ({ state, error, latencyMs, seenAt, attempts }: Notification): string => {
  if (state === "sent")
    return `${seenAt === null ? "sent" : "seen"}${latencyMs === null || latencyMs === 0 ? "" : ` in ${latencyMs} ms`}${attempts > 1 ? `, attempt ${attempts}` : ""}`;
  return error === null ? stateNames[state] : `${stateNames[state]}: ${error}`;
};

const Item = ({ item }: { item: Notification }) => (
  <li>
    <b className={item.state === "pending" || item.state === "cancelled" ? "c3" : undefined}>
      {item.recipient}
    </b>
    <Time at={item.sentAt ?? item.createdAt} />
    <small className={item.state === "failed" ? "tx-down" : undefined}>
      {channelNames[item.channel]}
      {item.step === null ? "" : `, step ${item.step}`}, {said(item)}
    </small>
    <small className="c3">{item.title}</small>
  </li>
);

/** What was sent to whom, newest first. @param limit of the first page */
export const NotificationLog = ({ organization, limit }: { organization: string; limit: number }) => {
  const log = useInfiniteQuery(logQuery(organization, limit));
  return (
    <>
      <div className={css.head}>
        <h2 className="h">Notifications</h2>
        <span className="t12 c3">
          <TimeHeader label="Newest first" />
        </span>
      </div>
      <Panel
        name="Notifications"
        query={log}
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={
          <Empty title="Nothing was sent yet">Each message to each person appears here for 30 days.</Empty>
        }
      >
        {({ pages }) => (
          <>
            <ul className={css.log}>
              {pages
                .flatMap(({ items }) => items)
                .map((item) => (
                  <Item key={item.id} item={item} />
                ))}
            </ul>
            {log.hasNextPage && (
              <Button disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
                Load older
              </Button>
            )}
          </>
        )}
      </Panel>
    </>
  );
};
