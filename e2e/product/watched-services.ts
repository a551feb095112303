import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import type { Product } from "./product.ts";

/** A program with its own health endpoint, which a journey may stop and start again on the same port. */
export const startProgram = async (answer: () => { code: number; status: string }) => {
  const listen = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer((_request, response) => {
        const { code, status } = answer();
        response.writeHead(code, { "content-type": "application/health+json", connection: "close" });
        response.end(JSON.stringify({ status, version: "1.0.0" }));
      });
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  const portOf = (server: Server) => z.custom<AddressInfo>().parse(server.address()).port;
  let server = await listen(0);
  const port = portOf(server);
  const end = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    url: `http://127.0.0.1:${port}/health`,
    end,
    startAgain: async () => {
      server = await listen(port);
    },
  };
};

/**
 * Adds services to the running product's list of watched sources, as an editor would: each a line below `services:`, in
 * JSON, which is YAML.
 * @returns a function that removes them.
 */
export const watchServices = (
  product: Product,
  services: readonly { id: string; [field: string]: unknown }[],
): (() => void) => {
  const path = join(product.dataDir, "demo-sources.yaml");
  const lines = services.map((service) => `  - ${JSON.stringify(service)}`);
  const before = readFileSync(path, "utf8").replace(/^services: \[\]$/m, "services:");
  const head = /^services:$/m.test(before) ? before : `${before.trimEnd()}\nservices:\n`;
  writeFileSync(path, head.replace(/^services:$/m, ["services:", ...lines].join("\n")));
  return () => {
    const rest = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !lines.includes(line))
      .join("\n");
    writeFileSync(path, rest.replace(/^services:\n*$/m, "services: []\n"));
  };
};
