import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { type Field, fieldWords } from "./values.ts";

const words: Record<string, string> = {
  "webhooks.endpoint.create": "Created",
  "webhooks.endpoint.update": "Settings changed",
  "webhooks.endpoint.disable": "Disabled by itself",
  "webhooks.endpoint.delete": "Deleted",
  "webhooks.endpoint.rotate": "Secret rotated",
  "webhooks.endpoint.end-overlap": "Overlap of secrets ended",
  "webhooks.endpoint.test": "Test event sent",
  "webhooks.endpoint.reset-breaker": "Breaker reset",
  "webhooks.endpoint.probe-breaker": "Breaker probed",
  "breakers.breaker.reset": "Breaker reset",
  "webhooks.event.plan": "Late deliveries planned",
  "webhooks.event.deliver": "Late deliveries started",
  "webhooks.event.cancel": "Late deliveries cancelled",
};

const isField = (name: string): name is Field => Object.hasOwn(fieldWords, name);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

const keysThatDiffer = (a: object, b: object): string[] => {
  const [before, after] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => !same(before.get(key), after.get(key)),
  );
};

/** Settings are kept as one text of JSON. */
const parsed = (text: unknown): object => {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
};

/** Labels of the fields that an event changed; empty if it keeps none. */
const changedFields = ({ before, after }: Pick<AuditEvent, "before" | "after">): string[] => {
  if (before === null || after === null) return [];
  const names = keysThatDiffer(before, after).flatMap((key) =>
    key === "settings"
      ? keysThatDiffer(parsed(before.settings), parsed(after.settings))
      : [key === "headerNames" ? "headers" : key],
  );
  return names.map((name) => (name === "enabled" ? "Enabled" : isField(name) ? fieldWords[name] : name));
};

/** What an event of the trail did to an endpoint, in one line. */
export const changeWords = (event: Pick<AuditEvent, "action" | "before" | "after" | "outcome">): string => {
  const said = words[event.action] ?? event.action;
  if (event.outcome !== "success") return `${said}: ${event.outcome}`;
  if (event.action !== "webhooks.endpoint.update") return said;
  const fields = changedFields(event);
  if (fields.length === 1 && fields[0] === "Enabled")
    return event.after?.enabled === true ? "Enabled" : "Disabled";
  return fields.length === 0 ? "Saved without a change" : `Changed: ${fields.join(", ")}`;
};
