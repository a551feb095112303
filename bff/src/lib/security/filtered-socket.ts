import { isIP, Socket, type TcpSocketConnectOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { AbstractConnector } from "ioredis";
import { z } from "zod";
import { type AddressFilter, AddressRefusedError } from "./address-filter.ts";

/** A socket that asks the filter when it connects; a refusal is its error, like any failed connection. */
class FilteredSocket extends Socket {
  readonly #filter: AddressFilter;
  constructor(filter: AddressFilter) {
    super();
    this.#filter = filter;
  }

  override connect(...given: unknown[]): this {
    const { host, port } = placeOf(given);
    // A literal address is connected to without a lookup.
    const refusal = isIP(host) ? this.#filter.refusal(host) : null;
    const options: TcpSocketConnectOpts = { host, port, lookup: this.#filter.lookup };
    if (refusal === null) return super.connect(options);
    // Clients add their listeners after this call.
    setImmediate(() => this.destroy(new AddressRefusedError(host, `it is a ${refusal}`)));
    return this;
  }
}

const place = z.object({ port: z.coerce.number(), host: z.string().default("localhost") });

/** Either an object, or port and host in this order. */
const placeOf = ([first, second]: readonly unknown[]) =>
  place.parse(typeof first === "object" ? first : { port: first, host: second });

/** For `stream` of a Postgres client. */
export const filteredSocket = (filter: AddressFilter): Socket => new FilteredSocket(filter);

const redisOptions = z.object({
  host: z.string().default("localhost"),
  port: z.number().default(6379),
  disconnectTimeout: z.number().default(2_000),
  // An address of `rediss://` says only that TLS is wanted.
  tls: z
    .union([
      z.literal(true).transform((): ConnectionOptions => ({})),
      z.custom<ConnectionOptions>((value) => typeof value === "object" && value !== null),
    ])
    .optional(),
});

/** For `Connector` of a Redis client. */
export function filteredConnector(filter: AddressFilter) {
  return class extends AbstractConnector {
    readonly #options: z.output<typeof redisOptions>;
    constructor(options: unknown) {
      const read = redisOptions.parse(options);
      super(read.disconnectTimeout);
      this.#options = read;
    }

    override async connect() {
      const { host, port, tls } = this.#options;
      this.connecting = true;
      const socket = filteredSocket(filter).connect({ host, port });
      const servername = isIP(host) ? {} : { servername: host };
      const stream = tls ? connectTls({ ...servername, ...tls, socket }) : socket;
      this.stream = stream;
      stream.once("error", (error: Error) => {
        this.firstError = error;
      });
      return stream;
    }
  };
}
