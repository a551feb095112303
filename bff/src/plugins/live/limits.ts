import type { LiveSocket } from "./rooms.ts";

/**
 * Most packets that may wait for one client, at two per message; a slower client is disconnected and
 * reconnects for a fresh snapshot.
 */
const mostWaiting = 128;
/** Most messages that a client may send within `recheckEveryMs`; regular clients send a few. */
const mostCommands = 300;
const recheckEveryMs = 60_000;

/** Disconnects a socket that reads too slowly or sends too much, and checks its session again once a minute. */
export function limitSocket(socket: LiveSocket, lookAgain: () => void) {
  let commands = 0;
  let waiting = 0;
  const timer = setInterval(() => {
    commands = 0;
    lookAgain();
  }, recheckEveryMs);
  timer.unref();
  socket.conn.on("packetCreate", () => {
    waiting += 1;
    if (waiting > mostWaiting) socket.conn.close(true);
  });
  // A flush writes all waiting packets together, and the next one waits for it to end.
  socket.conn.on("flush", () => {
    waiting = 0;
  });
  socket.use((_event, next) => {
    commands += 1;
    if (commands > mostCommands) socket.disconnect(true);
    else next();
  });
  socket.on("disconnect", () => clearInterval(timer));
}
