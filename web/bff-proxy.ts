import { connect } from "node:net";
import { createLogger, type Logger, type Plugin, type ProxyOptions } from "vite";

/** Paths that the server answers instead of Vite: everything except pages. */
const paths = "^/(?:api|heartbeats|health|hooks|metrics|openapi\\.json|signin/oidc)(?:[/?]|$)";
const restartWithinMs = 5_000;
const betweenTriesMs = 50;

/** Forwards everything except pages, and the live channel, to the server. */
export const bffProxy = (bffUrl: string): Record<string, ProxyOptions> => ({
  [paths]: { target: bffUrl },
  "/live": { target: bffUrl, ws: true },
});

/** Vite's logger without the connection errors of a server restart, which `npm run dev` announces itself. */
export const logWithoutProxy = (): Logger => {
  const logger = createLogger();
  const { error } = logger;
  logger.error = (text, options) => {
    if (!/proxy (?:socket )?error/.test(text)) error(text, options);
  };
  return logger;
};

const isListening = (bffUrl: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(bffUrl);
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** Requests wait while the server restarts, so that a reload at that moment still shows the page. */
export const waitForBff = (bffUrl: string): Plugin => ({
  name: "wait-for-bff",
  apply: "serve",
  configureServer({ middlewares }) {
    const toBff = new RegExp(paths);
    middlewares.use(async (request, _response, next) => {
      const deadline = performance.now() + restartWithinMs;
      while (toBff.test(request.url ?? "") && !(await isListening(bffUrl)) && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
      next();
    });
  },
});
