import { healthState, type ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import { z } from "zod";

type Instances = ServiceDetail["instances"];

/**
 * Details as they are stored: without the figures of healthy parts, so that they do not change while nothing
 * happens.
 */
const keptInstance = z.object({
  id: z.string(),
  components: z.array(
    z.object({ id: z.string(), state: healthState, status: z.string(), detail: z.string().nullable() }),
  ),
  conditions: z.array(z.object({ text: z.string(), observed: z.string().nullable(), passed: z.boolean() })),
});
const kept = z.record(z.string(), z.array(keptInstance));

/** Limit per organization and time; what exceeds it is marked as not stored. */
const mostBytes = 4 * 1024 * 1024;

/** The latest components and conditions of service instances, prepared for the history. */
export function createKeptDetails() {
  const texts = new Map<string, string>();
  const made = new Map<string, { changes: number; ids: string; text: Buffer }>();
  let changes = 0;

  return {
    /** By id of the service. */
    keep(details: ReadonlyMap<string, Instances>) {
      for (const [id, instances] of details) {
        const text = textOf(instances);
        if (texts.get(id) === text) continue;
        texts.set(id, text);
        changes += 1;
      }
    },
    /** Details of these services of one organization as JSON; the same object while nothing changed. */
    of(organization: string, serviceIds: readonly string[]): Buffer {
      const before = made.get(organization);
      if (before?.changes === changes && before.ids === serviceIds.join()) return before.text;
      let bytes = 0;
      const entries = serviceIds.flatMap((id) => {
        const text = texts.get(id) ?? "";
        bytes += text.length;
        return text === "" || bytes > mostBytes ? [] : [`${JSON.stringify(id)}:${text}`];
      });
      const text = Buffer.from(`{${entries.join(",")}}`);
      const isSame = before?.text.equals(text) ?? false;
      const now = { changes, ids: serviceIds.join(), text: before && isSame ? before.text : text };
      made.set(organization, now);
      return now.text;
    },
    /** Forgets services that are no longer watched. */
    retain(serviceIds: ReadonlySet<string>) {
      for (const id of texts.keys()) if (!serviceIds.has(id)) texts.delete(id);
    },
    clear() {
      texts.clear();
      made.clear();
    },
  };
}
export type KeptDetails = ReturnType<typeof createKeptDetails>;

/** Empty when they reported nothing. */
function textOf(instances: Instances): string {
  const told = instances
    .filter(({ components, conditions }) => components.length + conditions.length > 0)
    .map(({ id, components, conditions }) => ({
      id,
      components: components.map(({ id: path, state, status, detail }) => ({
        id: path,
        state,
        status,
        detail: state === "ok" ? null : detail,
      })),
      conditions: conditions.map(({ text, observed, passed }) => ({
        text,
        observed: passed ? null : observed,
        passed,
      })),
    }));
  return told.length === 0 ? "" : JSON.stringify(told);
}

/**
 * Details of one service's instances at that time, by instance id. @throws Error when the data is malformed.
 */
export function readKeptDetails(
  text: string,
  serviceId: string,
): ReadonlyMap<string, Pick<Instances[number], "components" | "conditions">> {
  const instances = kept.parse(JSON.parse(text))[serviceId] ?? [];
  return new Map(
    instances.map(({ id, components, conditions }) => [
      id,
      {
        conditions,
        components: components.map((component) => {
          const path = component.id.split("/");
          return { ...component, name: path.at(-1) ?? component.id, depth: path.length - 1 };
        }),
      },
    ]),
  );
}
