import { connect } from "node:net";
import { createLogger, type Logger, type Plugin, type ProxyOptions } from "vite";

/** What the server answers and Vite does not: all that is not a page. */
const paths = "^/(?:api|heartbeats|health|hooks|metrics|openapi\\.json|signin/oidc)(?:[/?]|$)";
const restartWithinMs = 5_000;
const betweenTriesMs = 50;

/** Hands on to the server what is not a page, and the live channel. */
export const bffProxy = (bffUrl: string): Record<string, ProxyOptions> => ({
  [paths]: { target: bffUrl },
  "/live": { target: bffUrl, ws: true },
});

/** Vite's own log without the connections that a restart of the server cuts: `npm run dev` says that it restarts. */
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

/** Requests that come while the server restarts wait for it, so that a reload at that moment shows the page. */
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
