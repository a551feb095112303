import type { LiveSocket } from "./rooms.ts";

/** Packets that may wait for one client, two a message; a slower one is cut, and comes back for a fresh snapshot. */
const mostWaiting = 128;
/** Messages that a client may send in `recheckEveryMs`; honest ones send a few. */
const mostCommands = 300;
const recheckEveryMs = 60_000;

/** Cuts a socket that reads too slowly or says too much, and looks once a minute whether it still may be there. */
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
  // Given to the network as one; the next round waits for it.
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
