import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { freePort } from "#embedded/ports.ts";
import { postgres15Environment, startPostgres15 } from "#testing/postgres/debian-postgres.fixture.ts";
import { createTestRedis } from "#testing/stack.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const guide = readFileSync(join(root, "docs/deploy/backup.md"), "utf8");
const email = "ops@example.org";
const password = "a long enough password";

let folder: string;
let ends: (() => unknown)[];
beforeEach(() => {
  folder = makeTemporaryFolder();
  ends = [() => rmSync(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

type Installation = { environment: Record<string, string>; address: string };

/** An empty Postgres 15 and an empty Redis, and the environment of an installation on them. */
async function installationOn(name: string, secretKey: string): Promise<Installation> {
  const postgres = await startPostgres15(folder, name);
  ends.push(postgres.stop);
  const administrator = postgres.urlOf("postgres", "x", "wheelhouse");
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  shell(`createdb --maintenance-db="${postgres.urlOf("postgres", "x", "postgres")}" wheelhouse`, {});
  return {
    address,
    environment: {
      NODE_ENV: "production",
      PORT: String(port),
      BACKUP: join(folder, "backup"),
      DATABASE_ADMIN_URL: administrator,
      DATABASE_URL: postgres.urlOf("wheelhouse_app", `${name}-app`, "wheelhouse"),
      DATABASE_SYSTEM_URL: postgres.urlOf("wheelhouse_system", `${name}-system`, "wheelhouse"),
      REDIS_URL: (await createTestRedis()).url,
      WHEELHOUSE_SECRET_KEY: secretKey,
      WHEELHOUSE_PUBLIC_URL: address,
      WHEELHOUSE_DATA_DIR: join(folder, `${name}-data`),
      WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8",
      WHEELHOUSE_DRAIN_MS: "1000",
    },
  };
}

/** Runs commands as the guide shows them, from the repository. */
function shell(commands: string, environment: Record<string, string>, input = "") {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-ec", commands], {
    cwd: root,
    env: { HOME: folder, ...postgres15Environment(), ...environment },
    encoding: "utf8",
    input,
  });
  expect(status, `${commands}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const commandsOf = (name: string) =>
  new RegExp(`^\`\`\`sh ${name}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(guide)?.[1] ?? expect.unreachable(name);

async function start({ environment }: Installation, roles: string) {
  const { DATABASE_ADMIN_URL: _, ...own } = environment;
  const child: ChildProcess = spawn(process.execPath, ["dist/main.js"], {
    cwd: join(root, "bff"),
    env: { PATH: process.env.PATH, ...own, WHEELHOUSE_ROLES: roles },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  ends.push(stop);
  await vi.waitFor(() => expect(output).toContain("Wheelhouse is ready"), { timeout: 30_000 });
  return stop;
}

async function signIn({ address }: Installation) {
  const send = (method: string, path: string, body?: unknown, cookie = "") =>
    fetch(`${address}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie },
      ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
    });
  const session = await send("POST", "/session", { email, password });
  expect(session.status).toBe(200);
  const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
  return async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await send(method, path, body, cookie);
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    // A stream ends with its result.
    return JSON.parse((await answer.text()).trim().split("\n").at(-1) ?? "");
  };
}

const withSecret = z.object({ secret: z.string() });
const verification = z.object({ firstBad: z.null(), verifiedToSeq: z.number() });
const source = withSecret.extend({ intakePath: z.string() });

/** A receiver that keeps what it gets. */
async function startReceiver() {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.end();
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  ends.push(() => server.close());
  return { url: `http://127.0.0.1:${port}/`, received };
}

test("by the guide's commands, a populated installation is restored on another Postgres 15: its trail verifies, its secrets open, its deliveries continue", async () => {
  const secretKey = randomBytes(32).toString("base64");
  const receiver = await startReceiver();
  const first = await installationOn("first", secretKey);
  shell("npm run -s migrate", first.environment);
  shell(`npm run -s create-admin -- --email ${email}`, first.environment, `${password}\n`);
  // Nothing delivers yet, so the event is still to be delivered when the dump is made.
  const stop = await start(first, "web");
  const before = await signIn(first);
  const made = source.parse(
    await before("POST", "/webhooks/sources", { slug: "shop", name: "Shop", scheme: "standard" }),
  );
  const endpoint = withSecret.parse(
    await before("POST", "/webhooks/endpoints", { slug: "till", name: "Till", url: receiver.url }),
  );
  const body = JSON.stringify({ type: "order.paid", data: { order: 7 } });
  const sentAt = new Date();
  const accepted = await fetch(first.address + made.intakePath, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": "msg_7",
      "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1_000)),
      "webhook-signature": new Webhook(made.secret).sign("msg_7", sentAt, body),
    },
    body,
  });
  expect(accepted.status).toBe(202);
  const trail = z.object({ items: z.array(z.object({ id: z.string() })) });
  const written = trail.parse(await before("GET", "/audit/events"));
  await stop();
  shell(commandsOf("save"), first.environment);

  const second = await installationOn("second", secretKey);
  const said = shell(commandsOf("restore"), second.environment);
  expect(said).toMatch(/PASS {2}Stored secrets +2 /);
  expect(said).toMatch(/0 warnings, 0 failed/);
  await start(second, "web,collector,worker");
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 90_000, interval: 250 });
  const [delivered] = receiver.received;
  const headers = z.record(z.string(), z.string()).parse(delivered?.headers);
  expect(new Webhook(endpoint.secret).verify(delivered?.body ?? "", headers)).toMatchObject({
    data: { order: 7 },
  });
  const after = await signIn(second);
  const verified = verification.parse(await after("GET", "/audit/verify"));
  expect(verified.verifiedToSeq).toBeGreaterThan(written.items.length);
  const restored = trail.parse(await after("GET", "/audit/events")).items.map(({ id }) => id);
  expect(restored).toEqual(expect.arrayContaining(written.items.map(({ id }) => id)));
});
