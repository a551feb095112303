// A server that has loaded its packages and waits: starting it takes only the project's own modules, which are read
// when it is told to load them.
import { readFileSync } from "node:fs";
import inspector from "node:inspector";

// Modules with side effects on import, and sources, which are read again with each start.
const left = new Set(["@wheelhouse/shared", "embedded-postgres", "tsx"]);
const inspectorPort = 9229;

const waiting = setInterval(() => {}, 60_000);
process.on("message", async (message) => {
  // A module that fails to load reports it when the server starts.
  if (message.type === "load") await import("#app/app.ts").catch(() => {});
  if (message.type !== "start") return;
  clearInterval(waiting);
  if (message.inspect) inspector.open(inspectorPort, "127.0.0.1");
  await import("#main.ts");
});

const { dependencies } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
for (const name of Object.keys(dependencies)) if (!left.has(name)) await import(name).catch(() => {});
