// A separate process that sends and measures requests, as a browser elsewhere would: its work must not count as the
// server's. In: a line of JSON [url, headers] each. Out: a line of JSON { tookMs, body } each, in order, one request at
// a time.
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";

const agent = new Agent({ keepAlive: true });
const ask = (url, headers) =>
  new Promise((resolve, reject) => {
    const beganAt = performance.now();
    const request = get(url, { agent, headers, timeout: 120_000 }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () =>
        resolve({
          tookMs: performance.now() - beganAt,
          body: JSON.parse(Buffer.concat(parts).toString("utf8")),
        }),
      );
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error(`no answer: ${url}`)));
  });

for await (const line of createInterface({ input: process.stdin })) {
  const [url, headers] = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await ask(url, headers))}\n`);
}
agent.destroy();
