import { useMutation, useQuery } from "@tanstack/react-query";
import type { AuditExportFormat } from "@wheelhouse/shared/audit/export.ts";
import { useRef, useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { type AuditFilter, auditFilterCount } from "../filter.ts";
import { auditCountQuery } from "../queries.ts";
import css from "../review.module.css";
import { type AskedExport, fetchExport, saveFile } from "./file.ts";

/** A running or ended export of this page, and how to begin and stop one. */
export const useAuditExport = (organization: string) => {
  const [lines, setLines] = useState(0);
  const aborting = useRef<AbortController | null>(null);
  const mutation = useMutation({
    mutationFn: async (asked: Omit<AskedExport, "organization">) => {
      aborting.current?.abort();
      const controller = new AbortController();
      aborting.current = controller;
      setLines(asked.before?.lines ?? 0);
      const exported = await fetchExport(
        { organization, ...asked },
        { signal: controller.signal, onProgress: setLines },
      );
      if (exported.isWhole) saveFile(exported);
      return exported;
    },
  });
  const cancel = () => {
    aborting.current?.abort();
    mutation.reset();
  };
  return { ...mutation, lines, cancel };
};
type AuditExportState = ReturnType<typeof useAuditExport>;

/** Progress of an export, then what came of it. */
export const ExportStrip = ({ state }: { state: AuditExportState }) => {
  const { isPending, error, data, variables, lines, cancel, mutate, reset } = state;
  if (!isPending && error === null && data === undefined) return null;
  // What came is kept until it is whole or given up, also when going on fails.
  const broken = data ?? variables?.before;
  const isBroken = error !== null || data?.isWhole === false;
  return (
    <div className={css.strip} role={isBroken ? "alert" : "status"}>
      {isPending ? (
        <>
          <b>Exporting to {variables.format === "csv" ? "CSV" : "NDJSON"}</b>
          <span className="c2">{formatPlural(lines, "row")} so far</span>
        </>
      ) : error !== null ? (
        <>
          <b className="tx-down">The export failed.</b> <span>{error.message}</span>
        </>
      ) : data?.isWhole === true ? (
        <>
          <b>{formatPlural(data.rows, "row")} exported.</b>
          <span className="c2 cut">{data.name}, its last line holds count and hash</span>
        </>
      ) : (
        <>
          <b className="tx-down">The export broke off.</b>
          <span>
            It ended after {formatPlural(data?.rows ?? 0, "line")}, without its last line. Nothing was saved
            {typeof data?.resume === "string" && "; it can go on where it ended"}.
          </span>
        </>
      )}
      <span className="grow" />
      {isPending ? (
        <Button onClick={cancel}>Cancel export</Button>
      ) : (
        <>
          {isBroken && variables !== undefined && (
            <>
              {typeof broken?.resume === "string" && (
                <Button variant="primary" onClick={() => mutate({ ...variables, before: broken })}>
                  Go on
                </Button>
              )}
              <Button onClick={() => mutate({ filter: variables.filter, format: variables.format })}>
                Export again
              </Button>
            </>
          )}
          <Button variant="ghost" onClick={reset}>
            Dismiss
          </Button>
        </>
      )}
    </div>
  );
};

/** Asks for the form of an export of exactly what the list shows. */
export const ExportDialog = (props: {
  organization: string;
  filter: AuditFilter;
  onExport: (format: AuditExportFormat) => void;
  onClose: () => void;
}) => {
  const { organization, filter, onExport, onClose } = props;
  const { data } = useQuery(auditCountQuery(organization, filter));
  const filters = auditFilterCount(filter);
  const rows = data === undefined ? "The" : `${formatCount(data.count)}${data.isMore ? "+" : ""}`;
  return (
    <Dialog
      title={`Export ${rows} events`}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">The export is recorded in the trail.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large onClick={() => onExport("csv")}>
            Export CSV
          </Button>
          <Button large variant="primary" onClick={() => onExport("ndjson")}>
            Export NDJSON
          </Button>
        </>
      }
    >
      <p>
        {filters === 0
          ? "The whole trail of this organization."
          : `What the list shows under ${formatPlural(filters, "filter")}.`}
      </p>
      <p className="c2">
        <b>NDJSON</b> holds each event as it was hashed, so that it can be verified offline. <b>CSV</b> is for
        spreadsheets; cells that would be formulas are neutralised. Both end with a line that holds count and
        hash.
      </p>
    </Dialog>
  );
};
