import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Account } from "./account.ts";

const holderSchema = z.object({ pid: z.number(), url: z.string(), state: z.enum(["running", "stopping"]) });
const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("locked") }),
  z.object({ type: z.literal("refused"), holder: holderSchema.optional(), reason: z.string().optional() }),
  z.object({ type: z.literal("spawned"), name: z.string(), pid: z.number() }),
  z.object({
    type: z.literal("exited"),
    name: z.string(),
    code: z.number().nullable(),
    signal: z.string().nullable(),
    reason: z.string().optional(),
  }),
  z.object({ type: z.literal("stopped"), name: z.string() }),
  z.object({ type: z.literal("ended") }),
]);
type GuardianMessage = z.infer<typeof messageSchema>;

type GuardedServer = {
  name: string;
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  account: Account | undefined;
  /** The server's standard output and error, appended; started anew above 16 MiB. */
  logFile: string;
  stopSignal: "SIGINT" | "SIGTERM";
  /** SIGKILL follows if the stop signal has not ended the server by then. */
  killAfterMs: number;
};

export type GuardedExit = { code: number | null; signal: string | null; reason: string };

export type Guardian = {
  /**
   * Takes the data folder for this process and holds it until the guardian ends. Waits for a holder that is about to
   * stop.
   * @throws DataFolderInUse while another process uses it.
   */
  lock(dataDir: string): Promise<void>;
  /** Publishes this process's URL to later contenders for the data folder. */
  announce(url: string): void;
  /** Starts a server and resolves with its process id. `onExit` is called once, however it ends. */
  start(server: GuardedServer, onExit: (exit: GuardedExit) => void): Promise<number>;
  stop(name: string): Promise<void>;
  signal(name: string, signal: NodeJS.Signals): void;
  /** Stops all servers in reverse start order, releases the lock and ends the guardian. */
  end(): Promise<void>;
  /** Called when the guardian ends without being asked to. */
  onLost(listener: () => void): void;
  readonly lost: boolean;
  readonly pid: number;
};

/** Another Wheelhouse uses the data folder. */
export class DataFolderInUse extends Error {
  constructor(dataDir: string, holder: { pid: number; url: string } | undefined) {
    const who = holder ? ` (process ${holder.pid}${holder.url ? `, ${holder.url}` : ""})` : "";
    super(
      `Wheelhouse is already running on ${dataDir}${who}. Stop it first, or set WHEELHOUSE_DATA_DIR and PORT.`,
    );
    this.name = "DataFolderInUse";
  }
}

/**
 * Forks the guardian: a small detached process that is the parent of our servers, holds the lock of the data folder,
 * and stops the servers when this process is gone for whatever reason. Because it is detached, a terminal's Ctrl-C does
 * not reach it or the servers, so a drain still finds its database.
 */
export function createGuardian(): Guardian {
  const child = fork(fileURLToPath(new URL("guardian-process.mjs", import.meta.url)), [], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [],
    env: {},
  });
  child.unref();
  child.channel?.unref();
  let ending = false;
  let lost = false;
  const lostListeners: (() => void)[] = [];
  const listeners = new Set<(message: GuardianMessage) => void>();
  const publish = (message: GuardianMessage) => {
    for (const listener of [...listeners]) listener(message);
  };
  child.on("message", (raw) => publish(messageSchema.parse(raw)));
  // A killed guardian reports no exits, so its servers are reported as ended for main to react.
  child.once("exit", () => {
    lost = !ending;
    publish({ type: "ended" });
    if (lost) for (const listener of lostListeners) listener();
  });
  child.on("error", () => {});

  function ask<T>(
    message: object,
    pick: (message: GuardianMessage) => T | undefined,
    timeoutMs: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(deadline);
        listeners.delete(listener);
      };
      const deadline = setTimeout(() => {
        finish();
        reject(new Error("the guardian process does not answer"));
      }, timeoutMs);
      const listener = (heard: GuardianMessage) => {
        const picked = pick(heard);
        if (picked !== undefined) {
          finish();
          resolve(picked);
        } else if (heard.type === "ended") {
          finish();
          reject(new Error("the guardian process has ended"));
        }
      };
      listeners.add(listener);
      if (child.connected) child.send(message, () => {});
      else listener({ type: "ended" });
    });
  }

  const send = (message: object) => {
    if (child.connected) child.send(message, () => {});
  };

  return {
    pid: child.pid ?? 0,
    get lost() {
      return lost;
    },
    onLost: (listener) => {
      lostListeners.push(listener);
    },
    announce: (url) => send({ type: "url", url }),
    async lock(dataDir) {
      const key = createHash("sha256").update(realpathSync(dataDir)).digest("hex").slice(0, 32);
      const name =
        process.platform === "linux" ? `\0wheelhouse-${key}` : join(tmpdir(), `wheelhouse-${key}.sock`);
      const deadline = Date.now() + 15_000;
      for (;;) {
        const answer = await ask(
          { type: "lock", name, pid: process.pid },
          (message) => (message.type === "locked" || message.type === "refused" ? message : undefined),
          5_000,
        );
        if (answer.type === "locked") return;
        if (answer.reason) throw new Error(`cannot lock ${dataDir}: ${answer.reason}`);
        if (answer.holder?.state === "running" || Date.now() > deadline)
          throw new DataFolderInUse(dataDir, answer.holder);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    start(server, onExit) {
      const { account, ...rest } = server;
      const exitListener = (message: GuardianMessage) => {
        if (message.type === "exited" && message.name === server.name) {
          listeners.delete(exitListener);
          onExit({ code: message.code, signal: message.signal, reason: message.reason ?? "" });
        } else if (message.type === "ended") {
          listeners.delete(exitListener);
          onExit({ code: null, signal: null, reason: "the guardian process has ended" });
        }
      };
      listeners.add(exitListener);
      return ask(
        { type: "start", ...rest, ...account },
        (message) => {
          if (message.type === "spawned" && message.name === server.name) return message.pid;
          if (message.type === "exited" && message.name === server.name) return -1;
          return undefined;
        },
        10_000,
      );
    },
    async stop(name) {
      await ask(
        { type: "stop", name },
        (message) => (message.type === "stopped" && message.name === name ? true : undefined),
        20_000,
      );
    },
    signal: (name, signal) => send({ type: "signal", name, signal }),
    async end() {
      ending = true;
      if (!child.connected) return;
      await ask({ type: "end" }, (message) => (message.type === "ended" ? true : undefined), 30_000);
    },
  };
}
