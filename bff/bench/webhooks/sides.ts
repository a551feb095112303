/** The two sides that the webhook benches compare, and the receivers that both deliver to. */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { createSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { createEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { z } from "zod";
import { type startBenchStack, startProgram } from "../bench-stack.ts";
import type { Intake } from "./load.ts";

export const endpointCount = 20;
const quietAfterMs = 120_000;
const secretKey = randomBytes(32).toString("base64");

const figures = z.object({
  counts: z.array(z.number()),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
type Figures = z.infer<typeof figures>;
type Stack = Awaited<ReturnType<typeof startBenchStack>>;
export type Receivers = {
  urls: readonly string[];
  read(): Promise<Figures>;
  reset(): Promise<Figures>;
  slow(endpoint: number, afterMs: number): Promise<Figures>;
  end(): Promise<void>;
};
export type Side = { name: string; intake: Intake; pid: number; receivers: Receivers; end(): Promise<void> };

export const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

export async function startReceivers(): Promise<Receivers> {
  const program = await startProgram("./webhooks/receivers.ts", { RECEIVERS: String(endpointCount) });
  const { control, ports } = z
    .object({ control: z.number(), ports: z.array(z.number()) })
    .parse(program.ready);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${control}${path}`, {
      signal: AbortSignal.timeout(30_000),
    });
    return figures.parse(await response.json());
  };
  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}/in`),
    read: () => ask("/"),
    reset: () => ask("/reset"),
    slow: (endpoint, afterMs) => ask(`/slow?endpoint=${endpoint}&afterMs=${afterMs}`),
    end: program.end,
  };
}

export async function startBare(stack: Stack, receivers: Receivers, roles = "web,worker"): Promise<Side> {
  const program = await startProgram("./webhooks/bare.ts", {
    ...stack.environment,
    ROLES: roles,
    ENDPOINTS: JSON.stringify(receivers.urls),
  });
  const { address } = z.object({ address: z.string() }).parse(program.ready);
  const intake = { address, path: "/hooks", secret: null };
  return { name: "bare pipeline", intake, pid: program.pid, receivers, end: program.end };
}

const ready = z.object({ address: z.string(), email: z.string(), password: z.string() });

/** Calls the API as the demo's administrator. */
async function signIn({ address, email, password }: z.infer<typeof ready>) {
  const post = async (path: string, body: unknown, cookie = "") => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const session = await post("/session", { email, password });
  const cookie = session.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return async <S extends z.ZodType>(endpoint: { path: string; response: S }, body: unknown) => {
    const parsed: S = endpoint.response;
    return parsed.parse(await (await post(endpoint.path, body, cookie)).json());
  };
}

let source: { path: string; secret: string } | undefined;

/** The whole product, with all roles in one process unless some are named. */
export async function startOurs(
  stack: Stack,
  receivers: Receivers,
  roles = "web,collector,worker",
): Promise<Side> {
  const program = await startProgram("./queues-wheelhouse.ts", {
    ...stack.environment,
    BENCH_SECRET_KEY: secretKey,
    WHEELHOUSE_DEMO: "1",
    WHEELHOUSE_ROLES: roles,
    WHEELHOUSE_LOG_LEVEL: "warn",
  });
  const told = ready.parse(program.ready);
  if (!source) {
    const call = await signIn(told);
    const { secret } = await call(createSource, { slug: "bench", name: "Bench", scheme: "standard" });
    for (const [n, url] of receivers.urls.entries())
      await call(createEndpoint, { slug: `in-${n}`, name: `In ${n}`, url, eventTypes: [`t.${n}`] });
    source = { path: "/hooks/northwind/bench", secret };
  }
  const intake = { address: told.address, ...source };
  return { name: "Wheelhouse", intake, pid: program.pid, receivers, end: program.end };
}

/** Waits until nothing arrives any more, or `expected` have arrived. @returns how many have. */
export async function untilQuiet({ receivers }: Side, expected: number): Promise<number> {
  const untilMs = performance.now() + quietAfterMs;
  for (;;) {
    const arrived = sum((await receivers.read()).counts);
    if (arrived >= expected || performance.now() > untilMs) return arrived;
    await wait(100);
  }
}
