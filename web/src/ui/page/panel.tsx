import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { Age } from "#ui/text/time.tsx";
import { Button } from "./button.tsx";
import { Status } from "./status.tsx";

/** The part of a TanStack query result that a panel reads. */
export type PanelQuery<T> = {
  data: T | undefined;
  error: Error | null;
  isPending: boolean;
  isFetching: boolean;
  dataUpdatedAt: number;
  refetch: () => unknown;
};

const skeletonDelayMs = 150;

/** Gray bars of `rows` lines with the height of the expected content; nothing for the first 150 ms. */
export const Skeleton = ({ rows = 6, label }: { rows?: number; label: string }) => {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), skeletonDelayMs);
    return () => clearTimeout(timer);
  }, []);
  const widths = Array.from({ length: rows }, (_, index) => ({ id: index, width: 40 + ((index * 37) % 45) }));
  return (
    <div className={`sk${shown ? "" : " sk-wait"}`} role="status" aria-label={`Loading ${label}`}>
      {widths.map(({ id, width }) => (
        <div key={id} className="sk-row">
          <i style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
};

/** Empty state of a list: `title` names the case, the children what to do. */
export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <b>{title}</b>
    <div className="c2">{children}</div>
  </div>
);

const reason = (error: Error): string => error.message;
const requestIdOf = (error: Error): string | null => (error instanceof ApiError ? error.requestId : null);

/** Cause, request id and a retry button. */
export const Failure = (props: {
  name: string;
  error: Error;
  isFetching?: boolean;
  onRetry: () => unknown;
}) => {
  const { name, error, isFetching = false, onRetry } = props;
  if (error instanceof ApiError && error.code === "forbidden") {
    return <Empty title="You don't have access">{error.message}</Empty>;
  }
  const requestId = requestIdOf(error);
  return (
    <div className="failure" role="alert">
      <div>
        <b>{name} could not be loaded.</b> {reason(error)}
        {requestId !== null && <div className="mono c3">{requestId}</div>}
      </div>
      <Button disabled={isFetching} onClick={() => void onRetry()}>
        Retry
      </Button>
    </div>
  );
};

/**
 * One panel, five states: pending (a skeleton after 150 ms), empty, error with cause and Retry, stale, data.
 *
 * `name` starts sentences ("Deliveries could not be loaded."). Old data stays visible with its age when a
 * refetch fails. `freshness` hatches outdated content and never leaves it green.
 */
export const Panel = <T,>(props: {
  name: string;
  query: PanelQuery<T>;
  children: (data: T) => ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  skeleton?: ReactNode;
  skeletonRows?: number;
  freshness?: Freshness | undefined;
}) => {
  const { name, query, children, isEmpty, empty = null, freshness } = props;
  const { data, error, isFetching, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    if (error !== null)
      return <Failure name={name} error={error} isFetching={isFetching} onRetry={refetch} />;
    return props.skeleton ?? <Skeleton rows={props.skeletonRows ?? 6} label={name.toLowerCase()} />;
  }
  const stale = freshness !== undefined && freshness.state !== "fresh";
  return (
    <div className={stale ? "panel is-stale" : "panel"} aria-busy={isFetching}>
      {error !== null && (
        <div className="failure" role="alert">
          <div>
            <Status tone="stale" label="Stale" /> <b>{name} could not be refreshed.</b> {reason(error)} Last
            loaded <Age at={new Date(dataUpdatedAt).toISOString()} suffix="ago" />.
            {requestIdOf(error) !== null && <span className="mono c3"> {requestIdOf(error)}</span>}
          </div>
          <Button disabled={isFetching} onClick={() => void refetch()}>
            Retry
          </Button>
        </div>
      )}
      {isEmpty?.(data) === true ? empty : children(data)}
    </div>
  );
};
