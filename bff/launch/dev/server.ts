import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const bffFolder = fileURLToPath(new URL("../../", import.meta.url));
const tether = new URL("../tether.mjs", import.meta.url).href;
const standby = fileURLToPath(new URL("standby.mjs", import.meta.url));
/** The next process repeats interrupted work, so a restart does not wait for a clean end. */
const killAfterMs = 400;

type DevServerOptions = {
  environment: NodeJS.ProcessEnv;
  /** Opens the debugger's port in the serving process. */
  inspect: boolean;
  /** Called whenever a process answers; `tookMs` counts from the change or the first start. */
  onReady(tookMs: number): void;
  /** Called when a process ends by itself. */
  onEnded(code: number | null): void;
  /** A line printed by a process. */
  print(line: string): void;
};
type Served = { child: ChildProcess; exited: Promise<void>; isEnding: boolean };

/**
 * Runs the server, and restarts it on `restart`. A spare process has already loaded the packages and loads the changed
 * sources while the previous process ends.
 */
export function createDevServer({ environment, inspect, onReady, onEnded, print }: DevServerOptions) {
  let current: Served | undefined;
  let spare: Served | undefined = prepare();
  let turn: Promise<void> = Promise.resolve();
  let wanted = 0;
  let isStopped = false;

  function prepare(): Served {
    const child = spawn(process.execPath, ["--import", "tsx", "--import", tether, standby], {
      cwd: bffFolder,
      env: environment,
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    return { child, exited: new Promise((resolve) => child.once("exit", () => resolve())), isEnding: false };
  }

  async function replace(changedAtMs: number) {
    if (isStopped) return;
    const next = spare ?? prepare();
    spare = undefined;
    next.child.send({ type: "load" });
    if (current) await end(current, killAfterMs);
    current = next;
    follow(next, changedAtMs);
    next.child.send({ type: "start", inspect });
  }

  function follow(served: Served, changedAtMs: number) {
    const { child } = served;
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("Wheelhouse is ready:")) {
        spare ??= isStopped ? undefined : prepare();
        onReady(performance.now() - changedAtMs);
      }
      print(line);
    });
    child.once("exit", (code) => {
      if (served.isEnding) return;
      if (current === served) current = undefined;
      spare ??= isStopped ? undefined : prepare();
      onEnded(code);
    });
  }

  async function end(served: Served, afterMs: number) {
    served.isEnding = true;
    served.child.kill("SIGTERM");
    const deadline = setTimeout(() => served.child.kill("SIGKILL"), afterMs);
    await served.exited;
    clearTimeout(deadline);
  }

  return {
    /** Starts or restarts the server; of several calls in a row the last one counts. */
    restart() {
      const changedAtMs = performance.now();
      wanted += 1;
      const mine = wanted;
      turn = turn.then(() => (mine === wanted ? replace(changedAtMs) : undefined));
    },
    /** Ends all of its processes; the serving one may drain for `drainMs`. */
    async stop(drainMs: number) {
      isStopped = true;
      await turn;
      const left = [current, spare].filter((served) => served !== undefined);
      await Promise.all(left.map((served) => end(served, served === current ? drainMs : 0)));
    },
  };
}
