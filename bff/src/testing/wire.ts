import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/**
 * A connection to a server that a test can cut and restore: while it is cut, open connections are lost and new ones
 * fail.
 */
export async function startWire(serverUrl: string) {
  const target = new URL(serverUrl);
  const open = new Set<Socket>();
  const make = () =>
    createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(from);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          open.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  let server = make();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wire has no port");
  const { port } = address;
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of open) socket.resetAndDestroy();
    await closed;
  };
  return {
    url: url.href,
    cut,
    async mend() {
      server = make();
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    close: cut,
  };
}
