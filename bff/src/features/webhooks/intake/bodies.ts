import type { IncomingMessage } from "node:http";
import { bodyLimit } from "@wheelhouse/shared/webhooks/senders.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError, invalidField } from "#lib/http/errors.ts";

/** Bodies above the default limit that one process holds at the same time, and those of one address. */
const heldMax = { process: 128 * 1024 * 1024, address: 64 * 1024 * 1024 } as const;
const retryAfterSeconds = 5;

/** What is known of a request before its body is read. */
export type Gate = {
  limitBytes: number;
  /** Clients that share this share their part of the memory. */
  address: string;
  /** @throws when the headers show that no body can prove the request. */
  assertHead(): Promise<void>;
};

const tooLarge = (limitBytes: number) => {
  const message = `is larger than the limit of this source, ${limitBytes.toLocaleString("en")} bytes`;
  return new AppError("payload_too_large", `body: ${message}`, {
    details: [{ field: "header.content-length", message }],
  });
};

/** Counts the bytes of large bodies that are held, by address and together. */
function createMemory(max: { process: number; address: number }) {
  const ofAddress = new Map<string, number>();
  let held = 0;
  return {
    take(address: string, bytes: number) {
      const own = ofAddress.get(address) ?? 0;
      if (held + bytes > max.process || own + bytes > max.address)
        throw new AppError("unavailable", "Too many large requests are being read. Try again.", {
          retryAfterSeconds,
        });
      held += bytes;
      ofAddress.set(address, own + bytes);
    },
    giveBack(address: string, bytes: number) {
      const own = (ofAddress.get(address) ?? 0) - bytes;
      held -= bytes;
      if (own > 0) ofAddress.set(address, own);
      else ofAddress.delete(address);
    },
  };
}
type Memory = ReturnType<typeof createMemory>;

/** Takes memory for a body as its bytes arrive: what a client only announces costs the others nothing. */
function createHold(memory: Memory, { address, assertHead }: Gate) {
  let taken = 0;
  return {
    /** @param size bytes of the body that have arrived. */
    async grow(size: number) {
      if (size <= bodyLimit.defaultBytes) return;
      if (taken === 0) await assertHead();
      memory.take(address, size - taken);
      taken = size;
    },
    release() {
      if (taken > 0) memory.giveBack(address, taken);
      taken = 0;
    },
  };
}

type Hold = ReturnType<typeof createHold>;

async function read(
  payload: IncomingMessage,
  limitBytes: number,
  grow: (size: number) => Promise<void>,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection stays, so that the refusal can still be answered.
  for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    await grow(size);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

/**
 * Reads bodies up to the limit of their source. Above the default limit, a body is read only if its headers can prove
 * it, and what many such bodies hold together is bounded.
 */
export function createBodies(max: { process: number; address: number } = heldMax) {
  const memory = createMemory(max);
  return {
    mount(scope: FastifyInstance, gateOf: (request: FastifyRequest) => Promise<Gate>) {
      const reading = new WeakMap<FastifyRequest, { gate: Gate; hold: Hold }>();
      scope.addHook("preParsing", async (request, reply) => {
        const gate = await gateOf(request);
        const declared = Number(request.headers["content-length"] ?? 0);
        if (declared > gate.limitBytes) throw tooLarge(gate.limitBytes);
        if (declared > bodyLimit.defaultBytes) await gate.assertHead();
        const hold = createHold(memory, gate);
        reading.set(request, { gate, hold });
        reply.raw.once("close", hold.release);
      });
      scope.addContentTypeParser("*", async (request: FastifyRequest, payload: IncomingMessage) => {
        const { gate, hold } = reading.get(request) ?? {};
        if (!gate || !hold) throw new Error("a body is read that nobody announced");
        try {
          return await read(payload, gate.limitBytes, hold.grow);
        } catch (error) {
          hold.release();
          if (error instanceof AppError) throw error;
          throw invalidField("body", "ended before it was complete");
        }
      });
    },
  };
}
