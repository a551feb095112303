import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { createWatchHttp } from "./watch-http.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  ends.push(() => server.close());
  const address = server.address() as AddressInfo | null;
  return `http://127.0.0.1:${address?.port}/`;
}
const serve = (handler: RequestListener) => listen(createServer(handler));
/** Answers with these bytes and closes the connection. */
const serveRaw = (text: string | Buffer) =>
  listen(createTcpServer((socket) => void socket.once("data", () => socket.end(text))));

const watchHttp = createWatchHttp({ filter: createAddressFilter(["127.0.0.0/8"]) });
const get = (url: string, maxBytes = 1_000) =>
  watchHttp.get(url, { signal: AbortSignal.timeout(5_000), maxBytes, accept: "*/*" });

const text = '{"status":"größer"}';
const bom = Buffer.from([0xef, 0xbb, 0xbf]);
const bigEndian = Buffer.from(`\ufeff${text}`, "utf16le").swap16();
test.each([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with a byte order mark", Buffer.concat([bom, Buffer.from(text)])],
  ["UTF-16, little end first", Buffer.from(`\ufeff${text}`, "utf16le")],
  ["UTF-16, big end first", bigEndian],
])("%s is read as text without a mark", async (_name, bytes) => {
  const url = await serve((_, reply) => void reply.end(bytes));
  expect((await get(url)).body).toBe(text);
});

test.each([
  ["gzip", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["GZIP", gzipSync(Buffer.concat([bom, Buffer.from(text)]))],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["br", brotliCompressSync(text)],
  ["identity", Buffer.from(text)],
])("an answer compressed with %s is decompressed", async (coding, bytes) => {
  const url = await serve((_, reply) => {
    reply.writeHead(503, { "content-encoding": coding });
    reply.end(bytes);
  });
  expect(await get(url)).toMatchObject({ statusCode: 503, body: text, isWhole: true, truncated: false });
});

test.each([
  ["text/plain; charset=ISO-8859-1", Buffer.from(text, "latin1")],
  ['application/json;charset="windows-1252"', Buffer.from(text, "latin1")],
  ["application/json; charset=utf-16le", Buffer.from(text, "utf16le")],
  ["application/json; charset=latin-9000", Buffer.from(text)],
  ["text/plain; charset=iso-8859-1", Buffer.concat([bom, Buffer.from(text)])],
])("%s is decoded as it says, unless a mark says otherwise", async (type, bytes) => {
  const url = await serve((_, reply) => void reply.writeHead(200, { "content-type": type }).end(bytes));
  expect((await get(url)).body).toBe(text);
});

test.each(["gzip", "deflate", "br"])("an empty answer compressed with %s is empty", async (coding) => {
  const url = await serve((_, reply) => void reply.writeHead(200, { "content-encoding": coding }).end());
  expect(await get(url)).toMatchObject({ statusCode: 200, body: "", isWhole: true });
  const head = `HTTP/1.1 204 No Content\r\ncontent-encoding: ${coding}\r\n\r\n`;
  expect(await get(await serveRaw(head))).toMatchObject({ statusCode: 204, body: "" });
});

test.each([
  ["gzip", gzipSync(Buffer.alloc(50_000_000))],
  ["br", brotliCompressSync(Buffer.alloc(50_000_000))],
])("an answer of 50 MB compressed with %s is read up to its limit", async (coding, bytes) => {
  const url = await serve((_, reply) => {
    reply.writeHead(200, { "content-encoding": coding });
    reply.end(bytes);
  });
  const { body, truncated, isWhole } = await get(url);
  expect([body.length, truncated, isWhole]).toEqual([1_000, true, false]);
});

test("an answer that cannot be decompressed is no answer", async () => {
  const packed = (coding: string, bytes: Buffer) =>
    serve((_, reply) => {
      reply.writeHead(200, { "content-encoding": coding });
      reply.end(bytes);
    });
  await expect(get(await packed("gzip", Buffer.from(text)))).rejects.toThrow();
  await expect(get(await packed("gzip", gzipSync(text).subarray(0, 20)))).rejects.toThrow();
  await expect(get(await packed("zip", Buffer.from(text)))).rejects.toThrow("packed as zip");
  await expect(get(await packed("constructor", Buffer.from(text)))).rejects.toThrow("packed as constructor");
});

test("an answer is complete if its length or chunks say so, not if the connection merely ended", async () => {
  const head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
  expect((await get(await serveRaw(`${head}content-length: 2\r\n\r\nab`))).isWhole).toBe(true);
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`;
  expect(await get(await serveRaw(chunked))).toMatchObject({ isWhole: true, body: "ab" });
  expect(await get(await serveRaw(`${head}\r\nab`))).toMatchObject({ isWhole: false, body: "ab" });
  await expect(get(await serveRaw(`${head}content-length: 3\r\n\r\nab`))).rejects.toThrow();
});
