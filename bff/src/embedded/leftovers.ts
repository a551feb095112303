import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";

/**
 * Processes of a program (matched by a part of the command line) whose working directory is the folder or lies below
 * it; this excludes a person's shell. Embedded servers, their backends and forks work in their data folder, so this
 * finds the leftovers of a killed guardian and main, whatever the pid files say. Linux only (`/proc`); elsewhere it
 * finds none and the server's own pid check decides.
 */
function processesIn(folder: string, program: string): number[] {
  if (process.platform !== "linux" || !existsSync(folder)) return [];
  const root = realpathSync(folder);
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const cwd = readlinkSync(`/proc/${entry}/cwd`);
      if (cwd !== root && !cwd.startsWith(`${root}/`)) return [];
      return readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(program) ? [Number(entry)] : [];
    } catch {
      // Already gone, or owned by another user.
      return [];
    }
  });
}

/**
 * Ends the folder's remaining processes: SIGTERM first, SIGKILL after 5 s. Only the holder of the data folder's lock
 * may call it.
 * @returns how many were found.
 */
export async function endLeftovers(
  folder: string,
  program: string,
  stopSignal: NodeJS.Signals,
): Promise<number> {
  const found = processesIn(folder, program);
  const deadline = Date.now() + 15_000;
  const killAt = Date.now() + 5_000;
  for (const pid of found) signal(pid, stopSignal);
  for (;;) {
    const left = processesIn(folder, program);
    if (left.length === 0) return found.length;
    if (Date.now() > deadline) throw new Error(`processes ${left.join(", ")} still use ${folder}`);
    if (Date.now() > killAt) for (const pid of left) signal(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function signal(pid: number, name: NodeJS.Signals) {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
