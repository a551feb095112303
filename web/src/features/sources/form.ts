import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import {
  type createTarget,
  serviceFormats,
  type TargetDefinition,
  type WatchedSource,
} from "@wheelhouse/shared/sources.ts";

export type ServiceFormat = (typeof serviceFormats)[number];
/** The form's values as typed. */
export type TargetForm = {
  kind: "service" | "prometheus";
  name: string;
  format: ServiceFormat;
  /** One line per instance: `id URL`, or only an id for services that send heartbeats. */
  instances: string;
  conditions: string;
  dependsOn: string;
  consumes: string;
  group: string;
  owner: string;
  runbookUrl: string;
  intervalSeconds: string;
  timeoutSeconds: string;
  downAfter: string;
  upAfter: string;
  checkAgeSeconds: string;
  actuatorBreakers: boolean;
  /** For metrics: the service they belong to. */
  service: string;
  instance: string;
  url: string;
};
type Definition = EndpointInput<typeof createTarget>["body"]["definition"];

export const formatWords: Record<ServiceFormat, string> = {
  status: "HTTP status",
  json: "JSON, detected automatically",
  spring: "Spring Boot Actuator",
  "health+json": "application/health+json",
  tcp: "TCP connection",
  push: "Heartbeat (sent by the service)",
};

const blank: TargetForm = {
  kind: "service",
  name: "",
  format: "status",
  instances: "",
  conditions: "",
  dependsOn: "",
  consumes: "",
  group: "",
  owner: "",
  runbookUrl: "",
  intervalSeconds: "10",
  timeoutSeconds: "5",
  downAfter: "3",
  upAfter: "2",
  checkAgeSeconds: "",
  actuatorBreakers: false,
  service: "",
  instance: "",
  url: "",
};

export const readFormat = (text: string): ServiceFormat =>
  serviceFormats.find((format) => format === text) ?? "status";

/** Actuator breakers are read next to a health URL over HTTP. */
export const isAskedByHttp = (format: ServiceFormat): boolean => format !== "tcp" && format !== "push";

const seconds = (ms: number | undefined, otherwise: string): string =>
  ms === undefined ? otherwise : String(ms / 1000);

/** Form values of an existing source; empty for a new one. */
export const formOf = (definition: TargetDefinition | null): TargetForm => {
  // A cache has a form of its own.
  if (definition === null || definition.kind === "cache") return blank;
  const rhythm = {
    intervalSeconds: seconds(definition.intervalMs, "10"),
    timeoutSeconds: seconds(definition.timeoutMs, "5"),
  };
  if (definition.kind === "prometheus") {
    const { name, service, instance, url } = definition;
    return { ...blank, ...rhythm, kind: "prometheus", name, service, instance, url };
  }
  const { name, format, instances, conditions, dependsOn, consumes, group, owner, runbookUrl } = definition;
  return {
    ...blank,
    ...rhythm,
    name,
    format,
    instances: instances.map(({ id, url }) => (url === null ? id : `${id} ${url}`)).join("\n"),
    conditions: conditions.join("\n"),
    dependsOn: dependsOn.join(", "),
    consumes: consumes.join(", "),
    group: group ?? "",
    owner: owner ?? "",
    runbookUrl: runbookUrl ?? "",
    downAfter: String(definition.downAfter),
    upAfter: String(definition.upAfter),
    checkAgeSeconds: seconds(definition.checkAgeMs ?? undefined, ""),
    actuatorBreakers: definition.actuatorBreakers,
  };
};

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
const orNull = (text: string): string | null => (text.trim() === "" ? null : text.trim());
const ms = (text: string): number => Math.round(Number(text) * 1000);

/** The last word of a line is the URL, the words before it the id; for a URL alone, its host is the id. */
const instanceOf = (line: string): { id: string; url: string | null } => {
  const [, id, url] = /^(.*?)\s*(\S+:\/\/\S+)$/.exec(line) ?? [];
  if (url === undefined) return { id: line, url: null };
  return { id: id || (URL.canParse(url) ? new URL(url).host : url), url };
};

/** The definition as the API expects it; the API validates it. */
export const definitionOf = (form: TargetForm): Definition => {
  const common = {
    name: form.name.trim(),
    intervalMs: ms(form.intervalSeconds),
    timeoutMs: ms(form.timeoutSeconds),
  };
  if (form.kind === "prometheus") {
    const { service, instance, url } = form;
    return {
      kind: "prometheus",
      ...common,
      service: service.trim(),
      url: url.trim(),
      instance: orNull(instance) ?? service.trim(),
    };
  }
  const isPush = form.format === "push";
  const named = lines(form.instances);
  return {
    kind: "service",
    ...common,
    format: form.format,
    instances: isPush ? named.map((id) => ({ id, url: null })) : named.map(instanceOf),
    conditions: isPush ? [] : lines(form.conditions),
    dependsOn: form.dependsOn.split(/[\s,]+/).filter((id) => id !== ""),
    consumes: form.consumes.split(/[\s,]+/).filter((id) => id !== ""),
    group: orNull(form.group),
    owner: orNull(form.owner),
    runbookUrl: orNull(form.runbookUrl),
    downAfter: Number(form.downAfter),
    upAfter: Number(form.upAfter),
    checkAgeMs: form.checkAgeSeconds.trim() === "" ? null : ms(form.checkAgeSeconds),
    actuatorBreakers: form.actuatorBreakers && isAskedByHttp(form.format),
  };
};

/** Ids that a service may depend on: checked sources except metrics and the service itself. */
export const dependables = (sources: readonly WatchedSource[], own: string | null): string[] =>
  sources
    .filter(({ kind, id }) => kind !== "prometheus" && kind !== "cache" && id !== own)
    .map(({ id }) => id);
