import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { migrate } from "#lib/postgres/migrate.ts";
import { createTestRedis, type OwnPostgres, startOwnPostgres } from "#testing/stack.ts";
import { type Owner, startReadyOwner } from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

// Programs as a person starts them, each in a process of its own; on a busy machine such a start takes its time.
const startsWithinMs = 90_000;
const bffFolder = fileURLToPath(new URL("../../", import.meta.url));
const said = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ check: z.string(), status: z.string() })),
});

let folder: string;
let postgres: OwnPostgres;
let environment: Record<string, string>;
let owner: Owner | undefined;
beforeAll(async () => {
  folder = makeTemporaryFolder();
  postgres = await startOwnPostgres();
  environment = {
    NODE_ENV: "production",
    PORT: "0",
    DATABASE_URL: postgres.appUrl,
    DATABASE_SYSTEM_URL: postgres.systemUrl,
    REDIS_URL: (await createTestRedis()).url,
    WHEELHOUSE_SECRET_KEY: "2Zt6lW0hS3mB8kqUuJxNQ4vYpR1dEoC7gTfI5aMzXyB=",
    WHEELHOUSE_PUBLIC_URL: "https://ops.example.com",
    WHEELHOUSE_TRUST_PROXY: "1",
    WHEELHOUSE_DATA_DIR: join(folder, "production"),
  };
});
afterEach(async () => {
  owner?.child.kill("SIGTERM");
  await owner?.exited;
  owner = undefined;
});
afterAll(async () => {
  await postgres.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program of the bff until it ends, or until it has printed what is waited for and was told to end. */
function run(args: readonly string[], env: Record<string, string>, until?: RegExp, input = "") {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    cwd: bffFolder,
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (until?.test(output)) child.kill("SIGTERM");
    });
  child.stdin.end(input);
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, output }));
  });
}

const noStack = /^\s+at /m;

test(
  "the embedded demo passes every check, found by its data folder; the command ends with 0, and with 1 when nothing runs",
  async () => {
    const dataDir = join(folder, "demo");
    const started = await startReadyOwner(dataDir);
    owner = started;
    await migrate({ adminUrl: started.ready.databaseAdminUrl, log: { info: () => {} } });
    const env = { PORT: "0", WHEELHOUSE_DATA_DIR: dataDir };
    const good = await run(["launch/doctor.ts", "--json"], env);
    const report = said.parse(JSON.parse(good.output));
    expect(report.checks.filter(({ status }) => status !== "pass")).toEqual([]);
    expect(report.checks.map(({ check }) => check)).toContain("Postgres sign-in, administrator role");
    expect([report.ok, good.code]).toEqual([true, 0]);
    const bad = await run(["launch/doctor.ts"], { ...env, WHEELHOUSE_DATA_DIR: join(folder, "none") });
    expect(bad.code).toBe(1);
    expect(bad.output).toMatch(/^PASS {2}Data folder .* \(\d+ ms\)$/m);
    expect(bad.output).toMatch(/^FAIL {2}Servers .* → .*npm start.* \(\d+ ms\)$/m);
  },
  startsWithinMs,
);

type Refused = {
  what: string;
  set?: () => Record<string, string>;
  breakIt?: () => Promise<() => unknown>;
  line: RegExp;
};

const refused: Refused[] = [
  {
    what: "a wrong password",
    set: () => ({ DATABASE_URL: Object.assign(new URL(postgres.appUrl), { password: "hunter2" }).href }),
    line: /^FAIL {2}Postgres sign-in, application role .*may not sign in.* → /m,
  },
  {
    what: "a database that was never migrated and every sender trusted as a proxy",
    set: () => {
      const elsewhere = (url: string) => Object.assign(new URL(url), { pathname: "/postgres" }).href;
      return {
        DATABASE_URL: elsewhere(postgres.appUrl),
        DATABASE_SYSTEM_URL: elsewhere(postgres.systemUrl),
        WHEELHOUSE_TRUST_PROXY: "0.0.0.0/0",
      };
    },
    line: /^FAIL {2}Migrations .*\n(.*\n)*FAIL {2}Trusted proxies .*every sender is trusted/m,
  },
  {
    what: "a port in use",
    set: () => ({ PORT: String(takenPort) }),
    breakIt: async () => {
      const server = createServer((socket) => socket.end());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      takenPort = typeof address === "object" && address ? address.port : 0;
      return () => server.close();
    },
    line: /^FAIL {2}Port .*is in use/m,
  },
];
let takenPort = 0;

test.each(refused.map((one) => [one.what, one] as const))(
  "production does not say that it is ready with %s, but what is wrong",
  async (_what, { set, breakIt, line }) => {
    const mend = await breakIt?.();
    try {
      const { code, output } = await run(["src/main.ts"], { ...environment, ...set?.() });
      expect(output).toMatch(line);
      expect(output).not.toContain("is ready");
      expect(output).not.toContain("hunter2");
      expect(output).not.toMatch(noStack);
      expect(code).toBe(1);
    } finally {
      await mend?.();
    }
  },
  startsWithinMs,
);

test(
  "production that is in order says that it is ready",
  async () => {
    const { code, output } = await run(["src/main.ts"], environment, /is ready/);
    expect(output).toContain("Wheelhouse is ready: https://ops.example.com");
    expect(output).not.toMatch(/^(FAIL|WARN) /m);
    expect(code).toBe(0);
  },
  startsWithinMs,
);

test(
  "migrate and create-admin fail with sentences that say what must exist, and without a stack",
  async () => {
    const away = { ...environment, DATABASE_ADMIN_URL: "postgres://postgres:hunter2@127.0.0.1:1/wheelhouse" };
    const unreached = await run(["launch/migrate.ts"], away);
    expect(unreached.output).toMatch(
      /DATABASE_ADMIN_URL: 127\.0\.0\.1:1 cannot be reached: nothing listens there/,
    );
    expect(unreached.output).toMatch(/What must exist: the database.*CREATEROLE/s);
    expect(unreached.output).toMatch(/What this makes: .*wheelhouse_owner/s);

    const powerless = await run(["launch/migrate.ts"], {
      ...environment,
      DATABASE_ADMIN_URL: Object.assign(new URL(postgres.appUrl), { pathname: "/postgres" }).href,
    });
    expect(powerless.output).toMatch(/wheelhouse_app lacks a right: permission denied/);

    const args = ["launch/create-admin.ts", "--email", "ada@example.com"];
    const unmigrated = await run(args, {
      DATABASE_ADMIN_URL: Object.assign(new URL(postgres.adminUrl), { pathname: "/postgres" }).href,
    });
    expect(unmigrated.output).toMatch(/The database is not migrated .*npm run migrate/);
    const gone = await run(args, { DATABASE_ADMIN_URL: away.DATABASE_ADMIN_URL });
    expect(gone.output).toMatch(/nothing listens there/);
    for (const { code, output } of [unreached, powerless, unmigrated, gone]) {
      expect(code, output).toBe(1);
      expect(output).not.toMatch(noStack);
      expect(output).not.toContain("hunter2");
    }
  },
  startsWithinMs,
);
