import { topics } from "@wheelhouse/shared/live.ts";
import type { Core, Feature } from "#lib/feature.ts";
import { type LiveDeps, registerLive } from "#plugins/live/live.ts";

type LiveNeeds = Omit<LiveDeps<typeof topics>, "topics" | "basePath" | "clock" | "log">;

/** Live updates over a socket: of observed rows, and of lists when their events fire. */
export function createLive({ clock, log, config }: Core, needs: LiveNeeds): Feature {
  return {
    mount(app) {
      registerLive(app, { ...needs, topics, basePath: config.http.basePath, clock, log });
    },
  };
}
