import { setTimeout as sleep } from "node:timers/promises";
import {
  type ControlAct,
  type ControlCommand,
  type ControlReply,
  controlKey,
  controlReply,
  repliesKey,
} from "@wheelhouse/shared/reporter/control.ts";
import { type Report, report, reportMember, reportsKey } from "@wheelhouse/shared/reporter/report.ts";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import { AppError } from "#lib/http/errors.ts";
import { createReadOnlyLua, loadLua, runLua } from "#lib/redis/lua.ts";
import { organizationOfReport } from "./own-service.ts";
import type { ReportSource } from "./reader.ts";

const tell = loadLua(new URL("./tell-command.lua", import.meta.url));
const read = loadLua(new URL("./read-instances.lua", import.meta.url));
const membersMax = 2_000;
const answersWithinMs = 2_000;
const askEveryMs = 40;
const cells = z.array(z.string().nullable());

/** An instance that reports to this Redis; a null `report` means that it has stopped reporting. */
export type ReportingInstance = { instance: string; report: Report | null };

type Tell = (sourceId: string, command: ControlCommand, lifeMs: number) => Promise<void>;
type Replies = (sourceId: string, operationId: string) => Promise<Record<string, ControlReply>>;

/**
 * Sends commands to the instances of a watched service, over the Redis that they report to. Reports are read anew for
 * each command, because another process may be the one that samples.
 */
export function createControlChannel(sources: () => readonly (ReportSource & { organization: string })[]) {
  const redisOf = (sourceId: string) => {
    const source = sources().find(({ id }) => id === sourceId);
    if (!source) throw new AppError("unavailable", `The Redis server ${sourceId} is not watched any more.`);
    return source.redis;
  };

  const tellOn: Tell = async (sourceId, command, lifeMs) => {
    const call = { keys: [controlKey(command.service)], args: [JSON.stringify(command), lifeMs] };
    await runLua(redisOf(sourceId), tell, call);
  };
  const repliesOn: Replies = async (sourceId, operationId) => {
    const told = await redisOf(sourceId).hgetall(repliesKey(operationId));
    return Object.fromEntries(
      Object.entries(told).flatMap(([instance, text]) => {
        const parsed = controlReply.safeParse(jsonOf(text));
        return parsed.success ? [[instance, parsed.data]] : [];
      }),
    );
  };

  return {
    /**
     * Ids of the Redis sources through which an organization (its slug) reaches a service; commands go through no
     * others.
     */
    sourcesOf: (organization: string, service: string) =>
      sources()
        .filter((source) => organizationOfReport(source, service) === organization)
        .map(({ id }) => id),
    async instancesOf(sourceId: string, service: string): Promise<ReportingInstance[]> {
      const beginning = reportMember(service, "");
      const [answer] = await createReadOnlyLua(
        redisOf(sourceId),
        read,
      )([{ keys: [reportsKey], args: [beginning, membersMax] }]);
      const found = cells.parse(answer);
      return Array.from({ length: found.length / 2 }, (_, at) => {
        const instance = decodeURIComponent((found[2 * at] ?? "").slice(beginning.length));
        const parsed = report.safeParse(jsonOf(found[2 * at + 1] ?? null));
        return { instance, report: parsed.success ? parsed.data : null };
      });
    },
    /** Leaves the command for `lifeMs` and notifies the instances. */
    tell: tellOn,
    /** The instances' replies so far, by name. */
    repliesTo: repliesOn,
    /** Sends a question that changes nothing, such as what an invalidation would remove. Waits 2 s for the replies. */
    async ask(sourceId: string, question: { service: string; act: ControlAct; instances: string[] }) {
      const id = uuidv7();
      const deadlineMs = performance.now() + answersWithinMs;
      await tellOn(sourceId, { version: 1, id, ordinal: 0, ...question }, answersWithinMs);
      for (;;) {
        const replies = await repliesOn(sourceId, id);
        const isWhole = question.instances.every((instance) => replies[instance]);
        if (isWhole || performance.now() > deadlineMs) return replies;
        await sleep(askEveryMs);
      }
    },
  };
}
export type ControlChannel = ReturnType<typeof createControlChannel>;

function jsonOf(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
