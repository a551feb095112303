import { AwsClient } from "aws4fetch";
import { z } from "zod";
import type { Config } from "#config.ts";
import { loadSources, SourcesError } from "#observe/sources/sources.ts";
import { type Finding, fail, type MakeCheck, messageOf, pass, warn } from "./check.ts";
import { endSoon, openClient } from "./client.ts";
import { networkFailure } from "./failures.ts";

const answerWithinMs = 4_000;
const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Checks how people and proxies reach it, and what it reaches itself. */
export async function checkAddresses(check: MakeCheck, config: Config): Promise<void> {
  const { publicUrl } = config.http;
  const address = await check("Public URL", () => checkPublicUrl(config));
  if (publicUrl) await check("Trusted proxies", () => checkTrustProxy(config), { after: [address] });
  if (config.production && config.demo)
    await check("Demo", () =>
      warn("demo accounts with known passwords are made in production", "remove WHEELHOUSE_DEMO"),
    );
  if (config.sourcesFile) await check("Watched sources", () => checkSources(config));
  const { oidc } = config;
  if (oidc) await check("Identity provider", () => checkIssuer(oidc.issuer), { isThorough: true });
  const { s3 } = config.audit;
  if (s3) await check("Audit object store", () => checkObjectStore(s3), { isThorough: true });
}

function checkPublicUrl({ http: { publicUrl }, production }: Config): Finding {
  if (publicUrl === undefined) return pass("the address on which it listens");
  const { protocol, hostname } = new URL(publicUrl);
  if (production && protocol === "http:" && !loopbackHost.test(hostname))
    return warn(
      `${publicUrl} is not encrypted: passwords and sessions can be read on the way`,
      "put a proxy with TLS in front and set WHEELHOUSE_PUBLIC_URL to https://…",
    );
  return pass(publicUrl);
}

function checkTrustProxy({ http: { publicUrl = "", trustProxy } }: Config): Finding {
  const all = String(trustProxy)
    .split(",")
    .map((block) => block.trim());
  if (all.some((block) => /\/0$/.test(block)))
    return fail(
      "every sender is trusted to name the client's address",
      "set WHEELHOUSE_TRUST_PROXY to the number of proxies, or to their addresses",
    );
  if (publicUrl.startsWith("https:") && trustProxy === false)
    return warn(
      "people come by https, so a proxy is in front, but none is trusted: all clients share one address, and cookies are not marked secure",
      "set WHEELHOUSE_TRUST_PROXY to the number of proxies, or to their addresses",
    );
  return pass(
    trustProxy === false ? "none" : typeof trustProxy === "number" ? `${trustProxy} in a row` : trustProxy,
  );
}

async function checkSources({
  sourcesFile: path,
  postgres: { systemUrl },
  variable,
}: Config): Promise<Finding> {
  try {
    const organizations = systemUrl === undefined ? null : await organizationsOf(systemUrl);
    loadSources(path, { organizations, isEmptyRefused: true, variable });
    return pass(`${path}`);
  } catch (error) {
    if (!(error instanceof SourcesError)) throw error;
    return fail(
      `${path}: ${error.problems.slice(0, 3).join("; ")}`,
      "correct the file, or WHEELHOUSE_CONFIG",
    );
  }
}

/** Null when they cannot be read, which the checks of Postgres name. */
async function organizationsOf(systemUrl: string): Promise<ReadonlySet<string> | null> {
  try {
    const client = await openClient(systemUrl);
    try {
      const { rows } = await client.query<{ slug: string }>("select slug from wheelhouse.organizations");
      return new Set(rows.map(({ slug }) => slug));
    } finally {
      endSoon(client);
    }
  } catch {
    return null;
  }
}

async function checkIssuer(issuer: string): Promise<Finding> {
  const variable = "WHEELHOUSE_OIDC_ISSUER";
  const address = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(answerWithinMs), redirect: "error" });
    const said = z.object({ issuer: z.string() }).safeParse(answer.ok ? await answer.json() : null);
    if (!said.success)
      return fail(
        `${address} answered ${answer.status} without a description of the provider`,
        `correct ${variable}`,
      );
    if (said.data.issuer.replace(/\/+$/, "") !== issuer.replace(/\/+$/, ""))
      return fail(`the provider calls itself ${said.data.issuer}`, `set ${variable} to exactly that`);
    return pass(issuer);
  } catch (error) {
    return unreached(error, variable, issuer);
  }
}

async function checkObjectStore(s3: NonNullable<Config["audit"]["s3"]>): Promise<Finding> {
  const { url, accessKeyId, secretAccessKey, region } = s3;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
  try {
    const request = await client.sign(`${url}/wheelhouse-doctor`, { method: "GET" });
    const answer = await fetch(request, { signal: AbortSignal.timeout(answerWithinMs), redirect: "error" });
    const code = /<Code>([^<]{1,100})<\/Code>/.exec((await answer.text()).slice(0, 10_000))?.[1] ?? "";
    if (answer.ok || (answer.status === 404 && code !== "NoSuchBucket")) return pass(new URL(url).host);
    if (answer.status === 404)
      return fail("the bucket does not exist", "create it, or correct WHEELHOUSE_AUDIT_S3_URL");
    // Who may not list a bucket is refused what is not in it, however good the keys are.
    if (code === "AccessDenied")
      return pass(`${new URL(url).host}, with these keys; the right to write shows at the first checkpoint`);
    return fail(
      `the store answered ${answer.status} ${code}`.trim(),
      "correct WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID, …_SECRET_ACCESS_KEY and …_REGION",
    );
  } catch (error) {
    return unreached(error, "WHEELHOUSE_AUDIT_S3_URL", url);
  }
}

/** fetch hides the reason in the cause. */
function unreached(error: unknown, variable: string, url: string): Finding {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const failure = networkFailure(cause, variable, url);
  return failure ? fail(failure.says, failure.remedy) : fail(messageOf(cause), `correct ${variable}`);
}
