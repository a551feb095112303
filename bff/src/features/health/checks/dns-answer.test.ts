import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { dnsRcodeOf } from "./dns-answer.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A name server that answers every question without addresses, with this response code; or not at all. */
async function startNameServer(rcode: number | null) {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    if (rcode === null) return;
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8180 | rcode, 2);
    // No additional records, such as those of EDNS.
    answer.writeUInt16BE(0, 10);
    let end = 12;
    while (answer[end]) end += (answer[end] ?? 0) + 1;
    socket.send(answer.subarray(0, end + 5), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  ends.push(() => socket.close());
  return [`127.0.0.1:${socket.address().port}`];
}
const signal = AbortSignal.timeout(30_000);

test.each([
  [0, "NOERROR"],
  [2, "SERVFAIL"],
  [3, "NXDOMAIN"],
  [5, "REFUSED"],
])("a name server's response code %i is %s", async (rcode, expected) => {
  const servers = await startNameServer(rcode);
  expect(await dnsRcodeOf("https://orders.example.com/health", { signal, servers })).toBe(expected);
});

test("an address without a name and a name server that is silent have no response code", async () => {
  for (const url of ["http://127.0.0.1:80/", "http://[::1]/", "tcp://10.0.0.7:5432"])
    expect(await dnsRcodeOf(url, { signal })).toBeNull();
  const servers = await startNameServer(null);
  const ended = AbortSignal.timeout(50);
  expect(await dnsRcodeOf("tcp://orders.example.com:5432", { signal: ended, servers })).toBeNull();
});
