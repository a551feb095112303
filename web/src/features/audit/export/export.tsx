import { useMutation, useQuery } from "@tanstack/react-query";
import type { AuditExportFormat } from "@wheelhouse/shared/audit/export.ts";
import { useRef, useState } from "react";
import { saveFile } from "#lib/api/file.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { type AuditFilter, auditFilterCount } from "../filter.ts";
import { auditCountQuery } from "../queries.ts";
import css from "../review.module.css";
import { type AskedExport, fetchExport } from "./file.ts";

/** A running or finished export of this page, with the functions to start and cancel one. */
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

/** Progress of an export, then its result. */
export const ExportStrip = ({ state }: { state: AuditExportState }) => {
  const { isPending, error, data, variables, lines, cancel, mutate, reset } = state;
  if (!isPending && error === null && data === undefined) return null;
  // Received lines are kept until the export is complete or dismissed, even when resuming fails.
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
          <span className="c2 cut">{data.name}, the last line contains count and hash</span>
        </>
      ) : (
        <>
          <b className="tx-down">The export was interrupted.</b>
          <span>
            The connection was lost after {formatPlural(data?.rows ?? 0, "line")}, before the last line.
            Nothing was saved
            {typeof data?.resume === "string" && "; you can resume it from there"}.
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
                  Resume
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

/** Asks for the format of an export of exactly what the list shows. */
export const ExportDialog = (props: {
  organization: string;
  filter: AuditFilter;
  onExport: (format: AuditExportFormat) => void;
  onClose: () => void;
}) => {
  const { organization, filter, onExport, onClose } = props;
  const { data } = useQuery(auditCountQuery(organization, filter));
  const filters = auditFilterCount(filter);
  const isOne = data?.count === 1 && !data.isMore;
  const count = data === undefined ? "" : `${formatCount(data.count)}${data.isMore ? "+" : ""} `;
  return (
    <Dialog
      title={`Export ${count}${isOne ? "event" : "events"}`}
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
        {filters === 0 ? "All events of this organization." : "All events that match the current filters."}
      </p>
      <p className="c2">
        <b>NDJSON</b> contains each event exactly as it was hashed, so you can verify it offline. <b>CSV</b>{" "}
        is for spreadsheets; formula cells are escaped. Both end with a line that contains count and hash.
      </p>
    </Dialog>
  );
};
