// Runs as a separate, detached process and is the parent of every server that Wheelhouse starts by itself. Only the IPC
// channel ties it to its owner: whatever ends the owner, even SIGKILL, closes the channel, and the guardian then stops
// the servers in reverse order and exits. Plain JavaScript on Node's own modules, so that it is up in 40 ms and depends
// on nothing that can break.
import { spawn } from "node:child_process";
import { closeSync, openSync, statSync, unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";

const logFileLimitBytes = 16 * 1024 * 1024;
/** @type {Map<string, { child: import("node:child_process").ChildProcess, stopSignal: NodeJS.Signals, killAfterMs: number, exited: Promise<void> }>} */
const servers = new Map();
const holder = { pid: 0, url: "", state: "running" };
let ending = false;

function tell(message) {
  if (process.connected) process.send(message, () => {});
}

/** A socket name is the lock: the kernel grants it to one process and frees it when that process is gone. */
function takeLock(name, triesLeft = 2) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(JSON.stringify(holder));
  });
  server.on("error", (error) => {
    if (error.code !== "EADDRINUSE") return tell({ type: "refused", reason: error.message });
    askHolder(name, triesLeft);
  });
  server.listen(name, () => tell({ type: "locked" }));
}

function askHolder(name, triesLeft) {
  let answer = "";
  const socket = connect(name);
  socket.setTimeout(2000, () => socket.destroy(new Error("no answer")));
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    answer += text;
  });
  socket.on("error", (error) => {
    // Only a socket file (outside Linux, without abstract names) outlives its process; nobody listens on it then.
    if (error.code === "ECONNREFUSED" && !name.startsWith("\0") && triesLeft > 0) {
      unlinkSync(name);
      takeLock(name, triesLeft - 1);
    } else tell({ type: "refused" });
  });
  socket.on("end", () => {
    try {
      tell({ type: "refused", holder: JSON.parse(answer) });
    } catch {
      tell({ type: "refused" });
    }
  });
}

function openLog(path) {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return openSync(path, size > logFileLimitBytes ? "w" : "a", 0o600);
}

function start({ name, command, args, cwd, env, uid, gid, logFile, stopSignal, killAfterMs }) {
  const log = openLog(logFile);
  const account = uid === undefined ? {} : { uid, gid };
  const child = spawn(command, args, { cwd, env, ...account, stdio: ["ignore", log, log] });
  closeSync(log);
  const exited = new Promise((resolve) => {
    child.once("error", (error) => {
      tell({ type: "exited", name, code: null, signal: null, reason: error.message });
      resolve();
    });
    child.once("exit", (code, signal) => {
      tell({ type: "exited", name, code, signal });
      resolve();
    });
  }).then(() => {
    if (servers.get(name)?.child === child) servers.delete(name);
  });
  servers.set(name, { child, stopSignal, killAfterMs, exited });
  if (child.pid) tell({ type: "spawned", name, pid: child.pid });
}

async function stop(name) {
  const server = servers.get(name);
  if (!server) return;
  server.child.kill(server.stopSignal);
  const deadline = setTimeout(() => server.child.kill("SIGKILL"), server.killAfterMs);
  await server.exited;
  clearTimeout(deadline);
}

async function end() {
  if (ending) return;
  ending = true;
  holder.state = "stopping";
  for (const name of [...servers.keys()].reverse()) await stop(name);
  tell({ type: "ended" });
  process.exit(0);
}

process.on("message", async (message) => {
  if (message.type === "lock") {
    holder.pid = message.pid;
    takeLock(message.name);
  } else if (message.type === "url") holder.url = message.url;
  else if (message.type === "start" && !ending) start(message);
  else if (message.type === "stop") {
    await stop(message.name);
    tell({ type: "stopped", name: message.name });
  } else if (message.type === "signal") servers.get(message.name)?.child.kill(message.signal);
  else if (message.type === "end") await end();
});
process.on("disconnect", end);
process.on("uncaughtException", end);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
