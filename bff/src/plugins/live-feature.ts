import type { BellItem } from "@wheelhouse/shared/alerts/notifications.ts";
import { topics } from "@wheelhouse/shared/live.ts";
import type { Core, Feature } from "#lib/feature.ts";
import { type LiveDeps, registerLive } from "#plugins/live/live.ts";

type LiveNeeds = Omit<LiveDeps<typeof topics>, "topics" | "basePath" | "clock" | "log"> & {
  /** Hands on what is for one person. @returns how to stop. */
  followNotifications(
    tell: (whom: { organizationId: string; userId: string }, message: BellItem) => void,
  ): () => void;
};

/** Live updates over a socket: of observed rows, and of lists when their events fire. */
export function createLive({ clock, log, config }: Core, needs: LiveNeeds): Feature {
  return {
    mount(app) {
      const { followNotifications, ...rest } = needs;
      const live = registerLive(app, { ...rest, topics, basePath: config.http.basePath, clock, log });
      const stop = followNotifications((whom, message) => live.tell("notifications", whom, message));
      app.addHook("preClose", async () => stop());
    },
  };
}
