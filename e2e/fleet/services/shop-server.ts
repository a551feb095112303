import { createServer, type ServerResponse } from "node:http";
import { closeServer } from "../receivers/receiver.ts";

export type Answer = { status?: number; type?: string; headers?: Record<string, string>; body: unknown };
export type ShopServer = {
  /** Accepts connections, or stops accepting them, like a killed process. */
  setUp: (up: boolean) => Promise<void>;
  isUp: () => boolean;
};

const write = (response: ServerResponse, { status = 200, type, headers, body }: Answer) => {
  response.writeHead(status, { "content-type": type ?? "application/json", ...headers });
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
};

/** A service's HTTP side: `answers` by path; any other path is 404. */
export const createShopServer = (
  port: number,
  answers: Record<string, () => Answer | Promise<Answer>>,
): ShopServer => {
  const make = () =>
    createServer((request, response) => {
      const answer = answers[(request.url ?? "").split("?")[0] ?? ""];
      if (!answer) return write(response, { status: 404, body: { error: "not found" } });
      Promise.resolve()
        .then(answer)
        .then((made) => write(response, made))
        .catch((error: unknown) => write(response, { status: 500, body: { error: String(error) } }));
    });
  let server: ReturnType<typeof make> | null = null;
  return {
    isUp: () => server !== null,
    setUp: async (up) => {
      if (up === (server !== null)) return;
      if (!up) {
        const leaving = server;
        server = null;
        if (leaving) await closeServer(leaving);
        return;
      }
      const starting = make();
      await new Promise<void>((resolve, reject) => {
        starting.once("error", reject);
        starting.listen(port, "127.0.0.1", () => resolve());
      });
      server = starting;
    },
  };
};
