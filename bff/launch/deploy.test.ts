import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadConfig } from "#config.ts";
import { variableReference } from "#config-reference.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
const manifests = readdirSync(join(root, "docs/deploy/kubernetes")).map(
  (name) => `docs/deploy/kubernetes/${name}`,
);
const guide = textOf("docs/deploy/README.md");
const graceS = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);

type Environment = Record<string, string>;
/** Something that runs the image, wherever it is declared. */
type Workload = { where: string; environment: Environment; command: readonly string[] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wheelhouse-deploy-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the process will read, with an example of the documentation in each file of a secret. */
function environmentOf({ environment }: Workload): Environment {
  const examples = new Map<string, string>(
    Object.entries(variableReference).map(([name, { example }]) => [name, example]),
  );
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      if (!name.endsWith("_FILE")) return [name, value];
      const path = join(folder, basename(value));
      writeFileSync(path, examples.get(name.replace(/_FILE$/, "")) ?? "");
      return [name, path];
    }),
  );
}

/** Holds for the image's processes in every kind of deployment. */
function expectRunnable(workloads: readonly Workload[]) {
  const roles = workloads.flatMap((workload) => {
    const config = loadConfig({ NODE_ENV: "production", ...environmentOf(workload) });
    const [program, script = "", ...rest] = workload.command;
    expect([program, rest], workload.where).toEqual(["node", []]);
    const name = /^dist\/([\w-]+)\.js$/.exec(script)?.[1] ?? "";
    expect(existsSync(join(root, "bff", script)), `${workload.where}: ${script}`).toBe(true);
    const scripts = JSON.parse(textOf("package.json")).scripts;
    expect(scripts).toHaveProperty(name === "main" ? "start" : name);
    return name === "main" ? config.roles : [];
  });
  expect(roles.toSorted()).toEqual(["collector", "web", "worker"]);
  const migrating = workloads.filter(({ command }) => command.includes("dist/migrate.js"));
  expect(migrating).toHaveLength(1);
  const administrators = workloads.filter(({ environment }) => "DATABASE_ADMIN_URL_FILE" in environment);
  expect(administrators).toEqual(migrating);
}

const dockerfile = textOf("Dockerfile");
const imageCommand = z.array(z.string()).parse(JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? "[]"));
const imagePort = Number(/ PORT=(\d+)/.exec(dockerfile)?.[1]);

const variables = z.record(z.string(), z.string());
const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      build: z.unknown().optional(),
      command: z.array(z.string()).optional(),
      environment: variables.optional(),
      secrets: z.array(z.string()).optional(),
      ports: z.array(z.string()).optional(),
      stop_grace_period: z.string().optional(),
    }),
  ),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

describe("docker-compose.yml", () => {
  const compose = composeSchema.parse(parse(textOf("docker-compose.yml"), { merge: true }));
  const own = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

  test("its variables are known, its commands exist, and its roles are each of the product's", () => {
    const substituted = (environment: Environment) =>
      Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [
          name,
          value
            .replace(/^\$\{WHEELHOUSE_PUBLIC_URL:.*/, "https://ops.example.com")
            .replace(/^\$\{\w+:-(.*)\}$/, "$1"),
        ]),
      );
    expectRunnable(
      own.map(([where, { environment = {}, command = imageCommand }]) => ({
        where,
        environment: substituted(environment),
        command,
      })),
    );
  });

  test("every secret is mounted where a variable names it, and the guide makes its file", () => {
    for (const [name, { environment = {}, secrets = [] }] of Object.entries(compose.services)) {
      const named = Object.entries(environment).filter(([variable]) => variable.endsWith("_FILE"));
      const wanted = named.map(([, path]) => path.replace("/run/secrets/", ""));
      expect(secrets.toSorted(), name).toEqual(wanted.toSorted());
    }
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`secrets/${name}`);
      expect(guide).toMatch(new RegExp(`> ${name}$`, "m"));
    }
  });

  test("nothing is killed while it drains, and ports are those of the image", () => {
    for (const [name, { stop_grace_period: grace = "", environment, ports = [] }] of own) {
      expect(graceS(grace) * 1_000, name).toBeGreaterThan(Number(environment?.WHEELHOUSE_DRAIN_MS) + 2_000);
      for (const port of ports) expect(port, name).toMatch(new RegExp(`:${imagePort}$`));
    }
  });
});

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal("http") }) });
const podSchema = z.looseObject({
  terminationGracePeriodSeconds: z.number().default(30),
  securityContext: z.looseObject({ runAsNonRoot: z.literal(true), runAsUser: z.number().min(1) }),
  containers: z.tuple([
    z.looseObject({
      command: z.array(z.string()).optional(),
      env: z.array(z.object({ name: z.string(), value: z.string() })),
      ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
      resources: z.object({
        requests: z.object({ cpu: z.string(), memory: z.string() }),
        limits: z.object({ memory: z.string() }),
      }),
      startupProbe: probe.optional(),
      livenessProbe: probe.optional(),
      readinessProbe: probe.optional(),
      lifecycle: z
        .object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) })
        .optional(),
      volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
    }),
  ]),
  volumes: z.array(
    z.looseObject({ name: z.string(), secret: z.looseObject({ secretName: z.string() }).optional() }),
  ),
});
const labels = z.record(z.string(), z.string());
const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  data: variables.optional(),
  spec: z.unknown().optional(),
});
const workloadSpec = z.looseObject({
  selector: z.object({ matchLabels: labels }).optional(),
  template: z.object({ metadata: z.object({ labels }), spec: podSchema }),
});

describe("docs/deploy/kubernetes", () => {
  const objects = manifests.flatMap((path) =>
    parseAllDocuments(textOf(path)).map((document) => {
      expect(document.errors, path).toEqual([]);
      return objectSchema.parse(document.toJS());
    }),
  );
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);
  const configuration = ofKind("ConfigMap")[0]?.data ?? {};
  const pods = [...ofKind("Job"), ...ofKind("Deployment")].map(({ kind, metadata, spec }) => {
    const { selector, template } = workloadSpec.parse(spec);
    const [container] = template.spec.containers;
    return {
      kind,
      where: metadata.name,
      selector,
      labels: template.metadata.labels,
      pod: template.spec,
      container,
    };
  });
  let app: TestApp;
  beforeAll(async () => {
    const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    app = await startTestApp({ urls, redisUrl: redis.url });
  });
  afterAll(() => app.close());

  test("says in each file that it was not run on a cluster", () => {
    for (const path of manifests) expect(textOf(path), path).toContain("not run on a cluster");
  });

  test("its variables are known, its commands exist, and its roles are each of the product's", () => {
    expectRunnable(
      pods.map(({ where, container: { env, command = imageCommand } }) => ({
        where,
        environment: { ...configuration, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) },
        command,
      })),
    );
  });

  test("every file of a secret lies in a mounted secret that the guide makes", () => {
    for (const { where, pod, container } of pods) {
      const named = [
        ...Object.entries(configuration),
        ...container.env.map(({ name, value }) => [name, value]),
      ];
      for (const [name = "", path = ""] of named.filter(([variable = ""]) => variable.endsWith("_FILE"))) {
        const mount = container.volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
        const secret = pod.volumes.find((volume) => volume.name === mount?.name)?.secret?.secretName;
        const command = new RegExp(`create secret generic ${secret} [^;]*?--from-file=${basename(path)}\\b`);
        expect(guide, `${where}: ${name}`).toMatch(command);
      }
    }
  });

  test("probes ask routes of the product on the port of the image", () => {
    for (const { kind, where, container } of pods) {
      if (kind === "Job") continue;
      expect(container.ports, where).toEqual([{ name: "http", containerPort: imagePort }]);
      const { startupProbe, livenessProbe, readinessProbe } = container;
      const paths = [startupProbe, livenessProbe, readinessProbe].flatMap((each) => each?.httpGet.path ?? []);
      expect(paths.length, where).toBeGreaterThanOrEqual(2);
      const gone = paths.filter((url) => !app.app.hasRoute({ method: "GET", url }));
      expect(gone, where).toEqual([]);
    }
    const ports = ofKind("Service").map(
      ({ spec }) => z.looseObject({ ports: z.unknown() }).parse(spec).ports,
    );
    expect(ports).toEqual([[{ name: "http", port: 80, targetPort: "http" }]]);
  });

  test("nothing is killed while it drains", () => {
    for (const { kind, where, pod, container } of pods) {
      if (kind === "Job") continue;
      const waitsS = Number(container.lifecycle?.preStop.exec.command[1]);
      const endsWithinMs = waitsS * 1_000 + Number(configuration.WHEELHOUSE_DRAIN_MS) + 2_000;
      expect(pod.terminationGracePeriodSeconds * 1_000, where).toBeGreaterThan(endsWithinMs);
    }
  });

  test("selectors of deployments, budgets, services and policies find their pods", () => {
    const deployed = pods.filter(({ kind }) => kind === "Deployment");
    for (const { where, selector, labels: own } of deployed)
      expect(selector?.matchLabels, where).toEqual(own);
    const budgets = ofKind("PodDisruptionBudget").map(
      ({ spec }) =>
        z.looseObject({ selector: z.object({ matchLabels: labels }) }).parse(spec).selector.matchLabels,
    );
    expect(budgets).toEqual(expect.arrayContaining(deployed.map(({ labels: own }) => own)));
    const [service] = ofKind("Service").map(
      ({ spec }) => z.looseObject({ selector: labels }).parse(spec).selector,
    );
    expect(service).toEqual(deployed.find(({ where }) => where === "wheelhouse-web")?.labels);
  });
});
