import type { LimitsView } from "@wheelhouse/shared/access/limits.ts";
import type { Redis } from "ioredis";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import { actWindowMs, highestWindows, readWindows } from "#lib/redis/rate-window.ts";
import type { Clock } from "#lib/time/clock.ts";
import { failureWindowMs } from "../config.ts";
import type { Organizations } from "../tree.ts";
import { accountCounter } from "./sign-in-limit.ts";

type LimitsDeps = {
  redis: Redis;
  organizations: Organizations;
  /** E-mail addresses of an organization's members, at most `limit`. */
  emailsOf(organizationId: string, limit: number): Promise<string[]>;
  clock: Clock;
  failuresPer15Min: number;
  mutationsPerHour: number;
};

const organizationsMax = 50;
const addressesMax = 20;
const accountsMax = 200;
const membersMax = 500;

/** Rate limit counters as shown to operators. */
export function createLimits({
  redis,
  organizations,
  emailsOf,
  clock,
  failuresPer15Min,
  mutationsPerHour,
}: LimitsDeps) {
  const resetsAt = (resetMs: number) => new Date(clock.now() + resetMs).toISOString();

  async function acts({ subtreeIds }: RequestContext, seesAll: boolean) {
    const tree = await organizations.tree();
    const windows = seesAll
      ? await highestWindows(redis, "mutations", organizationsMax)
      : await readWindows(redis, "mutations", subtreeIds.slice(0, organizationsMax));
    return windows.flatMap(({ name: id, count, resetMs }) => {
      const found = tree.byId(id);
      if (!found) return [];
      const { slug, name } = found;
      return [{ organization: { id, slug, name }, count, resetsAt: resetsAt(resetMs) }];
    });
  }

  async function members(emails: readonly string[]) {
    const windows = await readWindows(redis, "sign-in-accounts", emails.map(accountCounter));
    return {
      count: windows.reduce((sum, { count }) => sum + count, 0),
      accounts: windows.length,
      windowSeconds: failureWindowMs / 1_000,
    };
  }

  async function addresses(kind: "sign-in-addresses" | "intake-addresses") {
    const windows = await highestWindows(redis, kind, addressesMax);
    return windows.map(({ name, count, resetMs }) => ({ address: name, count, resetsAt: resetsAt(resetMs) }));
  }

  async function failures() {
    const [signIns, intake, accounts] = await Promise.all([
      addresses("sign-in-addresses"),
      addresses("intake-addresses"),
      highestWindows(redis, "sign-in-accounts", accountsMax),
    ]);
    // Each account has one counter for all addresses and one per address (with `:` in its name); count it
    // once.
    const named = accounts.filter(({ name }) => !name.includes(":"));
    return { signIns, intake, accounts: named.length };
  }

  return {
    async read(context: RequestContext): Promise<LimitsView> {
      const { actor, organization } = context;
      const seesAll =
        organization.id === platformOrganization.id && actor.can("access:read").in(organization.id).check();
      const can = (capability: "health:act" | "access:read") =>
        actor.can(capability).in(organization.id).check();
      const emails =
        can("health:act") || can("access:read") ? await emailsOf(organization.id, membersMax) : null;
      const now = await Promise.all([
        acts(context, seesAll),
        seesAll ? failures() : null,
        emails && members(emails),
      ]).catch(() => undefined);
      const [items, counted, ofMembers] = now ?? [[], null, null];
      const ofFailures = counted ?? (seesAll ? { signIns: [], intake: [], accounts: 0 } : null);
      return {
        available: now !== undefined,
        acts: { limit: mutationsPerHour, windowSeconds: actWindowMs / 1_000, items },
        members: ofMembers,
        failures: ofFailures && {
          limit: failuresPer15Min,
          windowSeconds: failureWindowMs / 1_000,
          ...ofFailures,
        },
      };
    },
  };
}
export type Limits = ReturnType<typeof createLimits>;
