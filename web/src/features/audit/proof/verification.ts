import { useQueryClient } from "@tanstack/react-query";
import {
  type AuditVerification,
  downloadAuditCheckpoints,
  verifyAudit,
} from "@wheelhouse/shared/audit/proof.ts";
import { useEffect, useRef, useState } from "react";
import { callLines } from "#lib/api/api-lines.ts";

export type VerificationState =
  | { phase: "idle"; result: AuditVerification | undefined }
  | { phase: "running"; seq: number; of: number }
  | { phase: "failed"; error: Error };

const keyOf = (organization: string) => ["audit", organization, "verification"];

/**
 * Verifies the chain on request. The verification is itself recorded, and leaving the page cancels it. The last
 * result is kept until the page is reloaded.
 */
export const useVerification = (organization: string) => {
  const client = useQueryClient();
  const [state, setState] = useState<VerificationState>(() => ({
    phase: "idle",
    result: client.getQueryData<AuditVerification>(keyOf(organization)),
  }));
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const start = async () => {
    const control = new AbortController();
    running.current = control;
    setState({ phase: "running", seq: 0, of: 0 });
    try {
      for await (const line of callLines(verifyAudit, {}, { organization, signal: control.signal })) {
        if (line.type === "progress") setState({ phase: "running", seq: line.seq, of: line.of });
        else if (line.type === "error") throw new Error(line.message);
        else {
          client.setQueryDefaults(keyOf(organization), { gcTime: Number.POSITIVE_INFINITY });
          client.setQueryData(keyOf(organization), line);
          setState({ phase: "idle", result: line });
          return;
        }
      }
      throw new Error("The connection was lost before the result arrived");
    } catch (error) {
      if (control.signal.aborted)
        setState({ phase: "idle", result: client.getQueryData<AuditVerification>(keyOf(organization)) });
      else setState({ phase: "failed", error: error instanceof Error ? error : new Error(String(error)) });
    }
  };

  return { state, start: () => void start(), cancel: () => running.current?.abort() };
};

/** Saves all checkpoints as the file that `npm run verify-audit` reads. */
export const downloadCheckpoints = async (organization: string) => {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(60_000);
  for await (const line of callLines(downloadAuditCheckpoints, {}, { organization, signal }))
    lines.push(`${JSON.stringify(line)}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `checkpoints-${organization}.ndjson`;
  link.click();
  URL.revokeObjectURL(url);
};
