import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import {
  type AuditExportFormat,
  csvTrailerMark,
  exportAuditEvents,
  exportResumeHeader,
} from "@wheelhouse/shared/audit/export.ts";
import { ApiError, endpointUrl } from "#lib/api/api.ts";
import { type AuditFilter, auditQuery } from "../filter.ts";

const newline = 10;
const tailBytesMax = 2_000;
/** Parts of this size become blobs, so that a large file does not fill the page's memory. */
const partBytes = 8 * 1024 * 1024;

export type Exported = {
  blob: Blob;
  name: string;
  rows: number;
  /** False when the file ends without its last line because the transfer was cut off. */
  isWhole: boolean;
  /** Lines received, their last bytes, and the token with which an interrupted export resumes. */
  lines: number;
  tail: string;
  resume: string | null;
};

export type AskedExport = {
  organization: string;
  filter: AuditFilter;
  format: AuditExportFormat;
  /** What was received before the interruption; the export resumes after it. */
  before?: Exported;
};

/** Row count in the last line of an export; undefined when the text does not end with such a line. */
export const trailerRows = (tail: string, format: AuditExportFormat): number | undefined => {
  const line = tail.endsWith("\n") ? (tail.slice(0, -1).split("\n").at(-1) ?? "") : "";
  const found =
    format === "csv"
      ? new RegExp(`^${csvTrailerMark},(\\d+),[0-9a-f]{64},*$`).exec(line)
      : /^\{"trailer":\{"rows":(\d+),"sha256":"[0-9a-f]{64}",.*\}\}$/.exec(line);
  return found === null ? undefined : Number(found[1]);
};

const refusalOf = async (response: Response): Promise<ApiError> => {
  const body: unknown = await response.json().catch(() => null);
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  const message =
    typeof error === "object" && error !== null && "message" in error
      ? String(error.message)
      : `${response.status}`;
  return new ApiError(response.status === 429 ? "rate_limited" : "unavailable", message, {
    status: response.status,
  });
};

/**
 * Fetches an export, or the rest of one, and reports how many lines arrived. @throws ApiError when the server
 * refuses; an abort passes unchanged. A file whose transfer is cut off is returned as far as it arrived, marked
 * as incomplete.
 */
export const fetchExport = async (
  { organization, filter, format, before }: AskedExport,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (lines: number) => void },
): Promise<Exported> => {
  const rest = typeof before?.resume === "string" ? { resume: before.resume, have: before.blob.size } : {};
  const query = { ...auditQuery(filter), format, ...rest };
  const response = await fetch(endpointUrl(exportAuditEvents, { query }), {
    headers: { [organizationHeader]: organization },
    credentials: "same-origin",
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new ApiError("network", "The server cannot be reached");
  });
  if (!response.ok || response.body === null) throw await refusalOf(response);
  const name =
    /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? `audit.${format}`;
  const type = response.headers.get("content-type") ?? "";
  const reader = response.body.getReader();
  let blob = new Blob(before === undefined ? [] : [before.blob], { type });
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let pendingBytes = 0;
  let lines = before?.lines ?? 0;
  let tail = before?.tail ?? "";
  const latin = new TextDecoder("latin1");
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (let at = value.indexOf(newline); at !== -1; at = value.indexOf(newline, at + 1)) lines += 1;
      tail = (tail + latin.decode(value.subarray(-tailBytesMax))).slice(-tailBytesMax);
      parts.push(value);
      pendingBytes += value.length;
      if (pendingBytes >= partBytes) {
        blob = new Blob([blob, ...parts], { type });
        parts = [];
        pendingBytes = 0;
      }
      onProgress(lines);
    }
  } catch (error) {
    if (signal.aborted) throw error;
  }
  const rows = trailerRows(tail, format);
  return {
    blob: new Blob([blob, ...parts], { type }),
    name,
    rows: rows ?? lines,
    isWhole: rows !== undefined,
    lines,
    tail,
    resume: response.headers.get(exportResumeHeader),
  };
};
