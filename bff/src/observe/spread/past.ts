import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import type { Series } from "#observe/aspect.ts";

export type SeriesRequest = {
  kind: HistoryKind;
  id: string;
  metrics: readonly string[];
  at: string;
  spanMs: number;
};

/** Observations of a past moment, from the stored frames and figures. */
export type Past = {
  /**
   * One part of a frame as JSON.
   * @throws AppError `not_found` if it was not stored
   */
  readPart(organizationId: string, part: string, at: string): Promise<Buffer>;
  /** Figures of one thing over the time before a moment, in the order of `metrics`. */
  seriesBefore(organizationId: string, of: SeriesRequest): Promise<Series[]>;
};

/**
 * Reads one part of a frame into its current form.
 * @throws AppError `not_found` also for a frame of an earlier version that lacks what is shown today
 */
export async function readFrame<T>(
  past: Pick<Past, "readPart">,
  { schema, part }: { schema: z.ZodType<T>; part: string },
  organizationId: string,
  at: string,
): Promise<T> {
  const frame: unknown = JSON.parse((await past.readPart(organizationId, part, at)).toString());
  const read = schema.safeParse(frame);
  if (!read.success)
    throw new AppError("not_found", "What was stored then holds less than what is shown today.");
  return read.data;
}

/** A figure without stored values. */
export const noSeries: Series = { intervalMs: 60_000, values: [] };
