import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const programs = fileURLToPath(new URL("../../../.wheelhouse/programs", import.meta.url));

export type Program = { command: string; env: Readonly<Record<string, string>> };

/**
 * The first of these programs on the PATH, otherwise the one that `npm start` or `npm test` unpacked into the clone, as
 * in `redis/usr/bin/redis-server`.
 */
export function findProgram(names: readonly string[], unpacked: string): Program | undefined {
  for (const name of names) {
    const { stdout } = spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" });
    if (stdout?.trim()) return { command: stdout.trim(), env: {} };
  }
  const command = join(programs, unpacked);
  if (!existsSync(command)) return undefined;
  const [folder = ""] = unpacked.split("/");
  const libraries = ["usr/lib", "lib"].flatMap((base) =>
    ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((triplet) => join(programs, folder, base, triplet)),
  );
  return { command, env: { LD_LIBRARY_PATH: libraries.join(":") } };
}
