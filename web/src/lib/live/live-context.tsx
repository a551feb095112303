import type { Head } from "@wheelhouse/shared/live/message.ts";
import type { AnyTopic, LiveTopic } from "@wheelhouse/shared/live/topic.ts";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useEffectEvent,
  useState,
  useSyncExternalStore,
} from "react";
import { io } from "socket.io-client";
import { basePath } from "#lib/base-path.ts";
import { browserPage, createLive, type Live, type LiveStatus } from "./live.ts";
import { useMoment } from "./moment.ts";
import { serverClock } from "./server-clock.ts";

/** The connection that the pages below use; null without one. `LiveProvider` opens it, the parts page gives another. */
export const LiveContext = createContext<Live | null>(null);

const open = (organization: string, onRefused: () => void): Live =>
  createLive({
    socket: io({
      path: `${basePath}/live`,
      transports: ["websocket"],
      auth: { organization },
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      randomizationFactor: 0.5,
      timeout: 10_000,
    }),
    clock: serverClock,
    page: browserPage,
    onRefused,
  });

/**
 * Opens the single socket of an organization's pages. Use the organization as `key`, so that switching opens
 * another socket.
 */
export const LiveProvider = (props: { organization: string; onRefused: () => void; children: ReactNode }) => {
  const { organization, children } = props;
  const [live, setLive] = useState<Live | null>(null);
  const refused = useEffectEvent(props.onRefused);
  useEffect(() => {
    const opened = open(organization, () => refused());
    setLive(opened);
    return () => opened.close();
  }, [organization]);
  return <LiveContext value={live}>{children}</LiveContext>;
};

const connecting: LiveStatus = {
  connection: { state: "connecting", sinceMs: serverClock.now() },
  collectorLost: false,
};
const past: LiveStatus = {
  connection: { state: "open", sinceMs: serverClock.now() },
  collectorLost: false,
};
const noSubscription = () => () => undefined;

/** State of the connection and of the collector. Both are irrelevant to a page that shows a past moment. */
export const useLiveStatus = (): LiveStatus => {
  const live = useContext(LiveContext);
  const isPast = useMoment() !== null;
  const status = useSyncExternalStore(live?.onStatus ?? noSubscription, live?.status ?? (() => connecting));
  return isPast ? past : status;
};

/** Listens to a topic while the component is mounted. */
export const useLive = <Data,>(
  topic: AnyTopic & LiveTopic<Data>,
  handler: (data: Data, kind: Head["kind"]) => void,
  { whenHidden = false }: { whenHidden?: boolean } = {},
): void => {
  const live = useContext(LiveContext);
  const handle = useEffectEvent(handler);
  useEffect(() => live?.hear(topic, handle, { whenHidden }), [live, topic, whenHidden]);
};

/**
 * Calls back when messages of a list topic may have been missed: after a reconnect or when the tab becomes
 * visible again.
 */
export const useLiveResync = ({ name }: AnyTopic, onResync: () => void): void => {
  const live = useContext(LiveContext);
  const handle = useEffectEvent(onResync);
  useEffect(
    () =>
      live?.onResync((resynced) => {
        if (resynced === name) handle();
      }),
    [live, name],
  );
};
