import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { createSender } from "./receiver.ts";

const sender = createSender(createAddressFilter(["127.0.0.0/8"]), 10);
let answer: (response: ServerResponse) => void = (response) => void response.end();
const server = createServer((request, response) => {
  request.resume();
  answer(response);
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  await sender.close();
  server.closeAllConnections();
  server.close();
});

function post(timeoutMs = 3_000) {
  const { port } = server.address() as AddressInfo;
  const { signal } = new AbortController();
  return sender.post(`http://127.0.0.1:${port}/in`, {}, Buffer.from("{}"), timeoutMs, signal);
}

describe("a response with a 2xx status line is an answer", () => {
  test("when its body never ends", async () => {
    answer = (response) => {
      response.writeHead(200).write("begun");
    };
    expect(await post()).toMatchObject({ kind: "answer", statusCode: 200, body: "begun", truncated: true });
  });

  test("when its body is endless", async () => {
    answer = (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(16_384)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    expect(await post()).toMatchObject({ statusCode: 200, truncated: true, body: "x".repeat(16_384) });
  });

  test("when its connection breaks within the body", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
    };
    expect(await post()).toMatchObject({ kind: "answer", statusCode: 200, truncated: true });
  });

  test("with 24 kB of headers", async () => {
    answer = (response) => {
      response.writeHead(200, { "x-large": "h".repeat(24 * 1024) }).end("done");
    };
    expect(await post()).toMatchObject({ kind: "answer", statusCode: 200, body: "done" });
  });

  test("with a compressed body, which is decoded within 16 KiB, or named", async () => {
    answer = (response) =>
      void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("zipped"));
    expect(await post()).toMatchObject({ statusCode: 200, body: "zipped", truncated: false });
    answer = (response) =>
      void response
        .writeHead(200, { "content-encoding": "br" })
        .end(brotliCompressSync("y".repeat(1_000_000)));
    expect(await post()).toMatchObject({ statusCode: 200, body: "y".repeat(16_384), truncated: true });
    answer = (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("not compressed");
    expect(await post()).toMatchObject({ statusCode: 200, truncated: true });
    answer = (response) => void response.writeHead(200, { "content-encoding": "snappy" }).end("?");
    expect(await post()).toMatchObject({ statusCode: 200, body: "[body in the encoding snappy]" });
  });
});
