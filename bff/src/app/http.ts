import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { anonymousContext } from "#features/access/sessions/sessions.ts";
import { createFirstPaint } from "#features/overview/first-paint.ts";
import type { Core, Feature } from "#lib/feature.ts";
import { authPlugin } from "#plugins/auth.ts";
import { failedActsPlugin } from "#plugins/failed-acts.ts";
import { mutationLimitPlugin } from "#plugins/mutation-limit.ts";
import { plainTextPlugin } from "#plugins/plain-text.ts";
import { registerWeb } from "#plugins/web.ts";

/** Folder with the built dashboard; not needed by installations without the web role. */
const webDist = fileURLToPath(new URL("../../../web/dist/", import.meta.url));

/** Mounts the features' routes, behind the rules that hold for every request. */
export async function mountFeatures(app: FastifyInstance, core: Core, features: readonly Feature[]) {
  const { admit, denials, redis, config } = core;
  await app.register(authPlugin, { admit, anonymous: anonymousContext, denials });
  await app.register(failedActsPlugin, { denials });
  await app.register(plainTextPlugin);
  await app.register(mutationLimitPlugin, { redis, perHour: config.rateLimits.mutationsPerHour });
  await app.register(
    async (api) => {
      for (const { routes } of features) await routes?.(api);
    },
    { prefix: "/api/v1" },
  );
  for (const { mount } of features) await mount?.(app);
}

/** Serves the dashboard's pages, if this process has the web role. */
export function createPages(
  { admit, clock, config }: Core,
  needs: Pick<Parameters<typeof createFirstPaint>[0], "sessionView" | "overviewOf">,
): Feature {
  return {
    async mount(app) {
      const { basePath } = config.http;
      if (config.roles.includes("web") && existsSync(webDist))
        await registerWeb(app, {
          distDir: webDist,
          basePath,
          firstPaint: createFirstPaint({
            admit,
            clock,
            basePath,
            sessionView: needs.sessionView,
            overviewOf: needs.overviewOf,
          }),
        });
    },
  };
}
