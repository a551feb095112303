import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const port = z.number().int().min(1).max(65535);

/**
 * What the fleet must remember across restarts: its ports, and the secrets that Wheelhouse shows only once. A person or
 * a journey also finds the control switch here (`controlPort`).
 */
const fleetState = z.object({
  controlPort: port,
  /** Port by receiver. */
  ports: z.record(z.string(), port),
  sources: z.array(
    z.object({ slug: z.string(), id: z.string(), intakePath: z.string(), secret: z.string() }),
  ),
  endpoints: z.array(z.object({ slug: z.string(), id: z.string(), secret: z.string() })),
  /** The first organization's token, with which its back office reports to the trail. */
  token: z.object({ id: z.string(), secret: z.string() }).nullable().default(null),
});
export type FleetState = z.infer<typeof fleetState>;

const statePath = (dataDir: string): string => join(dataDir, "fleet.json");

/** Null if there is no usable file: the fleet then creates everything again. */
export const readState = async (dataDir: string): Promise<FleetState | null> => {
  let text: string;
  try {
    text = await readFile(statePath(dataDir), "utf8");
  } catch {
    return null;
  }
  try {
    const parsed = fleetState.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/** Replaces the file in one step, so that a crash leaves the old one or the new one. */
export const writeState = async (dataDir: string, state: FleetState): Promise<void> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${statePath(dataDir)}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, statePath(dataDir));
};
