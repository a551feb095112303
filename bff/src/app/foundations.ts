import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config } from "#config.ts";
import { createAccess } from "#features/access/access.ts";
import { createMails } from "#features/alerts/notifications/notifications.ts";
import { createAudit } from "#features/audit/audit.ts";
import { createChannels } from "#lib/channel.ts";
import { createEvents } from "#lib/events.ts";
import type { Core, Ground } from "#lib/feature.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { createOwnCaches } from "#lib/redis/own-caches.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createSessionEnds } from "#lib/security/session-ends.ts";
import { createSharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";

export type AppDeps = {
  config: Config;
  log: Logger;
  clock: Clock;
  database: Database;
  /** A role that may create objects; undefined if migrations run elsewhere. */
  adminUrl: string | undefined;
  redis: Redis;
  /** For separate connections: subscribers and BullMQ's blocking readers. */
  redisUrl: string;
  /** 32 bytes in base64. */
  secretKey: string;
};

/** What every feature builds on: `Core`, with the two features that extend it, and its connections. */
export function createFoundations({ config, log, clock, database, redis, redisUrl, secretKey }: AppDeps) {
  const box = createSecretBox(secretKey);
  const ownCaches = createOwnCaches({ redis, clock });
  const channels = createChannels({ redis, redisUrl, log });
  const { subscribe } = channels;
  const { events, flush } = createEvents({ subscribe, log });
  const sessionEnds = createSessionEnds({ subscribe, log });
  const sharedReads = createSharedReads({ clock, events });
  const ground: Ground = { database, redis, subscribe, clock, log, events, sharedReads, config };
  const audit = createAudit(ground, { box, secretKey, cache: ownCaches.named("audit values") });
  const { changes, denials } = audit;
  const access = createAccess(
    { ...ground, changes, denials },
    {
      sessionEnds,
      box,
      mails: createMails({ box, config }),
    },
  );
  const core: Core = { ...ground, changes, denials, admit: access.admit };
  return {
    core,
    audit,
    access,
    box,
    secretKey,
    ownCaches,
    sessionEnds,
    /** A connection that only subscribes. */
    subscriber: channels.subscriber,
    /** Called after everything else: writes and publishes what is pending, and closes the channels. */
    async close() {
      await audit.close();
      flush();
      channels.disconnect();
    },
  };
}
export type Foundations = ReturnType<typeof createFoundations>;
