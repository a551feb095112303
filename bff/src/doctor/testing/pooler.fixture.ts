import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const startupHeaderBytes = 8;
const allowed = new Set(["user", "database", "application_name", "client_encoding"]);

/**
 * Stands between a client and Postgres as PgBouncer with its defaults does in session mode: it refuses start-up
 * parameters that it does not know, and tells each client a process id of its own.
 */
export async function startRefusingPooler(postgresUrl: string): Promise<{ port: number; stop(): void }> {
  const { hostname, port } = new URL(postgresUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    client.once("data", (start) => {
      const parameters = start.subarray(startupHeaderBytes).toString().split("\0");
      const unknown = parameters.find((name, n) => n % 2 === 0 && name !== "" && !allowed.has(name));
      if (unknown !== undefined) {
        client.end(errorMessage(`unsupported startup parameter: ${unknown}`));
        return;
      }
      const upstream = connect(Number(port), hostname, () => upstream.write(start));
      sockets.add(upstream);
      upstream.on("error", () => client.destroy());
      upstream.on("data", (chunk) => client.write(withOtherProcess(chunk)));
      upstream.on("end", () => client.end());
      client.on("data", (chunk) => upstream.write(chunk));
      client.on("end", () => upstream.end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address: AddressInfo | string | null = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function errorMessage(text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${text}\0\0`);
  const header = Buffer.alloc(5);
  header.write("E");
  header.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([header, fields]);
}

/** Changes the process id in BackendKeyData (`K`, length 12), which follows the sign-in. */
function withOtherProcess(chunk: Buffer): Buffer {
  const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  if (at < 0) return chunk;
  const changed = Buffer.from(chunk);
  changed.writeInt32BE(1 + changed.readInt32BE(at + 5), at + 5);
  return changed;
}
