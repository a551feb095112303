import { z } from "zod";
import { invalidField } from "./errors.ts";

/** Opaque text for `nextCursor`: the position after which the next page starts. */
export const encodeCursor = (place: Record<string, string>): string =>
  Buffer.from(JSON.stringify(place)).toString("base64url");

/** @throws AppError `validation_failed` naming `query.cursor` if this is not a cursor of that list. */
export function decodeCursor<T extends z.ZodType>(cursor: string | undefined, schema: T) {
  if (cursor === undefined) return undefined;
  const place = z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
      } catch {
        context.addIssue("not a cursor");
        return z.NEVER;
      }
    })
    .pipe(schema)
    .safeParse(cursor);
  if (!place.success) throw invalidField("query.cursor", "is not a cursor of this list");
  return place.data;
}
