import { createServer, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";

type Options = { basePath: string; targetPort: number; takesPathOff: boolean };

/**
 * A reverse proxy that serves the console below a path of a host that belongs to others: `outside` lists what a browser
 * asked for beyond that path.
 */
export const startPathProxy = async ({ basePath, targetPort, takesPathOff }: Options) => {
  const outside: string[] = [];
  const pathOf = ({ url = "/" }: IncomingMessage): string | null => {
    if (url !== basePath && !url.startsWith(`${basePath}/`)) {
      outside.push(url);
      return null;
    }
    return takesPathOff ? url.slice(basePath.length) || "/" : url;
  };
  const headersOf = ({ headers }: IncomingMessage) => ({
    ...headers,
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
  });

  const server = createServer((incoming, outgoing) => {
    const path = pathOf(incoming);
    if (path === null) return outgoing.writeHead(404).end("another application");
    const target = request(
      { host: "127.0.0.1", port: targetPort, method: incoming.method, path, headers: headersOf(incoming) },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    target.once("error", () => outgoing.destroy());
    incoming.pipe(target);
  });
  server.on("upgrade", (incoming, socket, head) => {
    const path = pathOf(incoming);
    if (path === null) return socket.destroy();
    const lines = Object.entries(headersOf(incoming)).map(([name, value]) => `${name}: ${String(value)}\r\n`);
    const target = connect(targetPort, "127.0.0.1", () => {
      target.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    socket.on("error", () => target.destroy()).on("close", () => target.destroy());
    target.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}${basePath}`,
    outside,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
