import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What the proxy answers itself, as raw RESP; null passes the command on. */
export type Answer = (command: readonly string[]) => string | null;

export const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/**
 * A Redis in front of a real one that answers some commands in its own way, as other vendors and servers in trouble do.
 * One command at a time, so that answers keep their order.
 */
export async function startRedisProxy(targetUrl: string, answer: Answer) {
  const { hostname, port } = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let todo: Buffer = Buffer.alloc(0);
    let answered: Buffer = Buffer.alloc(0);
    let isWaiting = false;
    const next = () => {
      while (!isWaiting) {
        const length = lengthOf(todo);
        if (length === 0) return;
        const raw = todo.subarray(0, length);
        todo = todo.subarray(length);
        const own = answer(wordsOf(raw));
        if (own === null) {
          isWaiting = true;
          upstream.write(raw);
        } else client.write(own);
      }
    };
    client.on("data", (data) => {
      todo = Buffer.concat([todo, data]);
      next();
    });
    upstream.on("data", (data) => {
      answered = Buffer.concat([answered, data]);
      const length = lengthOf(answered);
      if (length === 0) return;
      client.write(answered.subarray(0, length));
      answered = answered.subarray(length);
      isWaiting = false;
      next();
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Bytes of the first complete RESP value; 0 if there is none. */
function lengthOf(data: Buffer, from = 0): number {
  const end = data.indexOf("\r\n", from);
  if (end < 0) return 0;
  const [type = "", head] = [data.toString("latin1", from, from + 1), data.toString("latin1", from + 1, end)];
  const count = Number(head);
  let at = end + 2;
  if (type === "$" || type === "=") {
    at += count < 0 ? 0 : count + 2;
    return at <= data.length ? at - from : 0;
  }
  const items = type === "*" || type === "~" ? count : type === "%" ? 2 * count : 0;
  for (let item = 0; item < items; item += 1) {
    const length = lengthOf(data, at);
    if (length === 0) return 0;
    at += length;
  }
  return at - from;
}

/** The words of a command that is written as an array of bulk strings. */
const wordsOf = (raw: Buffer) =>
  raw
    .toString()
    .split("\r\n")
    .filter((_, index) => index > 0 && index % 2 === 0)
    .filter((word) => word !== "");
