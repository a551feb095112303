import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { roles } from "@wheelhouse/shared/capabilities.ts";
import { z } from "zod";

const credential = z.object({
  email: z.string(),
  password: z.string(),
  role: z.enum(roles),
  organization: z.string(),
});
/** A sign-in that a start made, as `credentials.json` in the data folder keeps it. */
export type Credential = z.infer<typeof credential>;

/** Empty without the file, and when it is damaged. */
export function readCredentials(file: string): readonly Credential[] {
  if (!existsSync(file)) return [];
  return z.array(credential).safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? [];
}

/** Readable by its owner only. */
export function writeCredentials(file: string, credentials: readonly Credential[]) {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
