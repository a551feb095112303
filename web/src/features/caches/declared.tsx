import { useQuery } from "@tanstack/react-query";
import type { DeclaredCache } from "@wheelhouse/shared/caches/removals.ts";
import { useState } from "react";
import { Button } from "#ui/page/button.tsx";
import { Failure, Skeleton } from "#ui/page/panel.tsx";
import { Age } from "#ui/text/time.tsx";
import styles from "./caches.module.css";
import { RemovalDialog } from "./removal-dialog.tsx";
import { RemovalProgress } from "./removal-progress.tsx";
import { declaredCachesQuery } from "./removals-queries.ts";
import { whatWords } from "./what-fields.tsx";

const Line = (props: {
  organization: string;
  cache: DeclaredCache;
  mayAct: boolean;
  onRemove: () => void;
}) => {
  const { organization, cache, mayAct, onRemove } = props;
  const { name, service, prefix, server, lastRemoval } = cache;
  return (
    <li>
      <div className={styles.declaredName}>
        <b>{name}</b> <span className="c3 t12">{service}</span>
        <div className="c2 t12">
          <span className="mono">{prefix}</span> in {server.name}
        </div>
      </div>
      <div className="grow t12">
        {lastRemoval === null ? (
          <span className="c3">Nothing removed so far.</span>
        ) : (
          <>
            <RemovalProgress organization={organization} removal={lastRemoval} mayCancel={mayAct} />
            <span className="c3">
              by {whatWords[lastRemoval.by].toLowerCase()} <span className="mono">{lastRemoval.value}</span>,{" "}
              {lastRemoval.requestedBy}, <Age at={lastRemoval.requestedAt} suffix="ago" />:{" "}
              {lastRemoval.reason}
            </span>
          </>
        )}
      </div>
      {mayAct && lastRemoval?.state !== "running" && (
        <Button onClick={onRemove} aria-label={`Remove keys of ${name}…`}>
          Remove keys…
        </Button>
      )}
    </li>
  );
};

/** Declared caches whose services do not report, so that only their keys in Redis can be removed. */
export const DeclaredCaches = ({ organization, mayAct }: { organization: string; mayAct: boolean }) => {
  const declared = useQuery(declaredCachesQuery(organization));
  const [asked, setAsked] = useState<string | null>(null);
  const silent = declared.data?.items.filter(({ isReported }) => !isReported) ?? [];
  const askedCache = silent.find(({ id }) => id === asked);
  if (declared.data === undefined)
    return declared.error === null ? (
      <Skeleton rows={2} label="declared caches" />
    ) : (
      <Failure
        name="Declared caches"
        error={declared.error}
        isFetching={declared.isFetching}
        onRetry={declared.refetch}
      />
    );
  if (silent.length === 0) return null;
  return (
    <section className={styles.declared} aria-label="Declared caches">
      <div className={`sec-h pad ${styles.serverHead} ${styles.declaredHead}`}>
        <h2 className="h">Declared, not reporting</h2>
        <span className="c3 t12">
          These services do not report metrics. You can remove keys from Redis, but not from in-process
          memory.
        </span>
      </div>
      <ul>
        {silent.map((cache) => (
          <Line
            key={cache.id}
            organization={organization}
            cache={cache}
            mayAct={mayAct}
            onRemove={() => setAsked(cache.id)}
          />
        ))}
      </ul>
      {askedCache !== undefined && (
        <RemovalDialog
          key={askedCache.id}
          organization={organization}
          cache={askedCache}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  );
};
