import type { Plugin } from "vite";

/** Leaves out the transports of the live connection that the console never uses. */
export const socketsOnly = (): Plugin => ({
  name: "sockets-only",
  apply: "build",
  load: {
    filter: { id: /engine\.io-client\/build\/.*\/transports\/index\.js$/ },
    handler: () => 'import { WS } from "./websocket.js";\nexport const transports = { websocket: WS };',
  },
});
