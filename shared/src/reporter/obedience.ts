import { type AttachedBreaker, type CacheSource, Refusal } from "./attached.ts";
import { type ControlCommand, type ControlReply, controlCommand } from "./control.ts";

const rememberedMax = 1_000;
const invalidationMs = 10_000;

const refused = (detail: string): ControlReply => ({ outcome: "refused", detail, count: null });
const targetOf = ({ act }: ControlCommand) =>
  act.kind === "breaker" ? `breaker ${act.breaker}` : `cache ${act.cache}`;

/**
 * Applies commands once each, in the order of their ordinals, to the breakers and caches attached here. Error
 * texts of the application are not reported, because they could contain values of calls.
 * @param reply receives each reply with the id of its operation.
 */
export function createObedience(deps: {
  service: string;
  instance: string;
  breakers: ReadonlyMap<string, AttachedBreaker>;
  caches: ReadonlyMap<string, CacheSource>;
  reply(operationId: string, reply: ControlReply): void;
}) {
  const { service, instance, breakers, caches, reply } = deps;
  const heard = new Set<string>();
  const newest = new Map<string, number>();

  const obeyBreaker = (name: string, command: "open" | "close" | "reset"): ControlReply => {
    const breaker = breakers.get(name);
    if (!breaker?.read()) return refused("This instance has no such breaker");
    if (!breaker.read()?.commands.includes(command))
      return refused(`The library does not support the command ${command}`);
    return { outcome: "obeyed", detail: breaker.obey(command), count: null };
  };

  const obeyCache = async (act: Extract<ControlCommand["act"], { kind: "cache.invalidate" }>) => {
    const cache = caches.get(act.cache);
    if (!cache) return refused("This instance has no such cache");
    if (!cache.invalidate || !cache.read().invalidateBy.includes(act.by))
      return refused(`This cache cannot be invalidated by ${act.by}`);
    const count = await inTime(Promise.resolve(cache.invalidate(act)));
    return { outcome: "obeyed", detail: null, count } satisfies ControlReply;
  };

  const obey = async (command: ControlCommand) => {
    try {
      const { act } = command;
      reply(
        command.id,
        act.kind === "breaker" ? obeyBreaker(act.breaker, act.command) : await obeyCache(act),
      );
    } catch (error) {
      reply(
        command.id,
        refused(error instanceof Refusal ? error.message : "The application failed to run it"),
      );
    }
  };

  return {
    /**
     * @param texts commands as JSON, in any order; anything malformed, or for other instances, is ignored.
     */
    hear(texts: readonly unknown[]) {
      const commands = texts.flatMap((text) => {
        const parsed = controlCommand.safeParse(jsonOf(text));
        return parsed.success ? [parsed.data] : [];
      });
      for (const command of commands.sort((a, b) => a.ordinal - b.ordinal)) {
        if (heard.has(command.id) || command.service !== service) continue;
        if (command.instances && !command.instances.includes(instance)) continue;
        heard.add(command.id);
        for (const oldest of heard) if (heard.size > rememberedMax) heard.delete(oldest);
        // A preview changes nothing, so its order does not matter.
        if (command.act.kind === "cache.invalidate" && command.act.preview) {
          void obey(command);
          continue;
        }
        const target = targetOf(command);
        if (command.ordinal < (newest.get(target) ?? Number.NEGATIVE_INFINITY)) {
          reply(command.id, refused("A newer command was applied before this one"));
          continue;
        }
        newest.set(target, command.ordinal);
        for (const oldest of newest.keys()) if (newest.size > rememberedMax) newest.delete(oldest);
        void obey(command);
      }
    },
  };
}

function jsonOf(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal("Timed out after 10 s")), invalidationMs).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
