import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { testConfig } from "../testing/gateway.fixture.ts";
import { createSender, judge } from "./receiver.ts";

const sender = createSender(createAddressFilter(["127.0.0.0/8"]));
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

  test("with 300 kB of headers, with headers that never end, or with invalid ones", async () => {
    answer = ({ socket }) => {
      socket?.write(`HTTP/1.1 200 OK\r\n${`x-large: ${"h".repeat(1_000)}\r\n`.repeat(300)}\r\n`);
    };
    expect(await post()).toMatchObject({ kind: "answer", statusCode: 200, truncated: true });
    answer = ({ socket }) => void socket?.write("HTTP/1.1 200 OK\r\nx-slow: 1");
    expect(await post(300)).toMatchObject({ kind: "answer", statusCode: 200, truncated: true });
    answer = ({ socket }) => void socket?.end("HTTP/1.1 204 No Content\r\nno colon\r\n\r\n");
    expect(await post()).toMatchObject({ kind: "answer", statusCode: 204 });
  });

  test("which the next request on the same connection does not inherit", async () => {
    answer = (response) => void response.end("first");
    expect(await post()).toMatchObject({ statusCode: 200, body: "first" });
    answer = () => {};
    expect(await post(200)).toMatchObject({ kind: "none", errorClass: "timeout" });
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
    expect(await post()).toMatchObject({ statusCode: 200, body: "[compressed with gzip, 14 bytes]" });
    answer = (response) => void response.writeHead(200, { "content-encoding": "snappy" }).end("?");
    expect(await post()).toMatchObject({ statusCode: 200, body: "[compressed with snappy, 1 bytes]" });
    for (const compressed of [deflateSync("zipped"), deflateRawSync("zipped")]) {
      answer = (response) => void response.writeHead(200, { "content-encoding": "deflate" }).end(compressed);
      expect(await post()).toMatchObject({
        statusCode: 200,
        body: "zipped",
        bodySizeBytes: compressed.length,
      });
    }
    answer = (response) =>
      void response
        .writeHead(200, { "content-encoding": "gzip, br" })
        .end(brotliCompressSync(gzipSync("twice")));
    expect(await post()).toMatchObject({ statusCode: 200, body: "twice" });
  });
});

test("a 500 with a compressed body is a failure whose message can be read", async () => {
  answer = (response) =>
    void response.writeHead(500, { "content-encoding": "gzip" }).end(gzipSync("database is down"));
  const result = await post();
  expect(result).toMatchObject({ kind: "answer", statusCode: 500, body: "database is down" });
  const attempted = { deliveryId: "d", generation: 1, attempt: 1, maxAttempts: 2 };
  const { outcome } = judge(attempted, {}, result, 0, 1, testConfig, 0.5);
  expect(outcome).toMatchObject({ result: "failure", errorMessage: "500: database is down" });
});
