import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Config, Role } from "#config.ts";
import type { Admit } from "#lib/http/admission.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Changes, Denials } from "./change.ts";
import type { Subscribe } from "./channel.ts";
import type { Events } from "./events.ts";

/** What a process does; several may share one role. */
export type ProcessRole = Role;
export const everyRole: readonly ProcessRole[] = ["web", "collector", "worker"];

/** Something that works in the background until the process ends. */
export type Running = {
  /** Takes no new work and resolves when what runs has ended; may be cut short. Other parts still work meanwhile. */
  drain(): Promise<void>;
  /** Ends what is left and lets go of what it holds; after all drains. */
  stop(): Promise<void>;
};

/** Small, repeatable work on a schedule. What it finds done already costs one statement. */
export type OwnJob = {
  /** Unique in the product; named in the log. */
  name: string;
  run(): Promise<unknown>;
};

/** One part of the product, as `app.ts` lists it. What others need of it stands beside these members, by name. */
export type Feature = {
  /** Endpoints of the contract; `api` is the scope below `/api/v1`. */
  routes?(api: FastifyInstance): void | Promise<void>;
  /** What lies outside it: intake, health, pages; `app` is the root. */
  mount?(app: FastifyInstance): void | Promise<void>;
  /** Hourly and at start, in this order. */
  jobs?: readonly OwnJob[];
  /** Each is started once if any of its roles is on. */
  processes?: readonly { in: readonly ProcessRole[]; start(): Promise<Running> }[];
};

/** What every part may use, built before the first feature. */
export type Core = {
  database: Database;
  /** Fails fast while Redis is away; what blocks opens its own connection. */
  redis: Redis;
  subscribe: Subscribe;
  clock: Clock;
  log: Logger;
  events: Events;
  config: Config;
  changes: Changes;
  denials: Denials;
  admit: Admit;
};

/** What the foundations are made of: audit adds `changes` and `denials` to it, access adds `admit`. */
export type Ground = Omit<Core, "changes" | "denials" | "admit">;

/** For work without anything to wait for, e.g. a timer. */
export const endingAtOnce = (end: () => void): Running => ({
  drain: async () => end(),
  stop: async () => {},
});
