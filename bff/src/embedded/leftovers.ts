import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";

/**
 * Processes of a program (a part of their command line) whose working directory is the folder or lies below it;
 * a person's shell there is none of them. Embedded servers, their backends and forks
 * keep theirs in their data folder, so this finds what a SIGKILL of guardian and main left behind, whatever the
 * pid files say. Linux only (`/proc`); elsewhere none is found and the server's own pid check decides.
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
      // Gone meanwhile, or somebody else's.
      return [];
    }
  });
}

/**
 * Ends what still runs in the folder: asked first, killed after 5 s. Only to be called by who holds the lock of
 * the data folder. @returns how many were found.
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
