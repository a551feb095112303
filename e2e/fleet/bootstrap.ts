import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createToken, listTokens } from "@wheelhouse/shared/access/tokens.ts";
import { createSource, listSources, type WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import {
  createEndpoint,
  listEndpoints,
  updateEndpoint,
  type WebhookEndpoint,
} from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type Api, type Credential, expectAnswer, parseCredentials, signIn } from "./api.ts";
import { type FleetState, readState, writeState } from "./fleet-state.ts";
import { receiverCast, sourceCast } from "./receivers/receiver-cast.ts";
import type { FleetSettings } from "./settings.ts";

const readyDeadlineMs = 120_000;

/** Waits until Wheelhouse reports that it is ready; throws after two minutes. */
const waitUntilReady = async (baseUrl: string): Promise<void> => {
  const deadline = performance.now() + readyDeadlineMs;
  let last = "no answer";
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${baseUrl}/health/readiness`, { signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
      if (response.ok) return;
      last = `status ${response.status}`;
    } catch (error) {
      last = String(error);
    }
    await sleep(500);
  }
  throw new Error(`Wheelhouse at ${baseUrl} is not ready: ${last}`);
};

type HeldPort = { port: number; release: () => Promise<unknown> };

/** Binds the port until it is released: `wanted` if it is free, otherwise one that the system gives. */
const holdPort = async (wanted: number): Promise<HeldPort> => {
  // A caller of the switch who comes too early is turned away; an open connection would keep the port.
  const server = createServer((socket) => socket.destroy());
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  const port = await listen(wanted).catch(() => listen(0));
  return { port, release: () => new Promise((resolve) => server.close(resolve)) };
};

/** The admins of the first two root organizations, in the order of the file. */
const signInAdmins = async (baseUrl: string, credentials: Credential[]): Promise<Api[]> => {
  const admins: Api[] = [];
  const seen = new Set<string>();
  for (const { email, password, role, organization } of credentials) {
    if (role !== "admin" || seen.has(organization) || admins.length === 2) continue;
    seen.add(organization);
    const api = await signIn(baseUrl, email, password);
    if (api.session.organization.parentId === null) admins.push(api);
    else await api.signOut();
  }
  if (admins.length === 0) throw new Error("credentials.json names no admin of a root organization");
  return admins;
};

const list = async (api: Api) => ({
  sources: expectAnswer(
    "list of sources",
    await api.send("GET", "/webhooks/sources?limit=200"),
    listSources.response,
  ).items,
  endpoints: expectAnswer(
    "list of endpoints",
    await api.send("GET", "/webhooks/endpoints?limit=200"),
    listEndpoints.response,
  ).items,
});

const remove = async (api: Api, path: string): Promise<void> => {
  const answer = await api.send("DELETE", path);
  if (answer.status !== 204 && answer.status !== 404)
    throw new Error(`DELETE ${path}: status ${answer.status}`);
};

const ensureSource = async (
  api: Api,
  cast: (typeof sourceCast)[number],
  existing: WebhookSource | undefined,
  known: FleetState["sources"][number] | undefined,
): Promise<FleetState["sources"][number]> => {
  if (existing && known?.id === existing.id) return known;
  if (existing) await remove(api, `/webhooks/sources/${existing.id}`);
  const { slug, name, scheme } = cast;
  const answer = await api.send("POST", "/webhooks/sources", { slug, name, scheme });
  const made = expectAnswer(`creation of source ${slug}`, answer, createSource.response);
  return { slug, id: made.id, intakePath: made.intakePath, secret: made.secret };
};

const ensureEndpoint = async (
  api: Api,
  cast: (typeof receiverCast)[number],
  url: string,
  existing: WebhookEndpoint | undefined,
  known: FleetState["endpoints"][number] | undefined,
): Promise<FleetState["endpoints"][number]> => {
  if (existing && known?.id === existing.id) {
    if (existing.url !== url) {
      const answer = await api.send("PATCH", `/webhooks/endpoints/${existing.id}`, {
        version: existing.version,
        url,
      });
      expectAnswer(`new address of ${cast.slug}`, answer, updateEndpoint.response);
    }
    return known;
  }
  if (existing) await remove(api, `/webhooks/endpoints/${existing.id}`);
  const { slug, name, eventTypes } = cast;
  const answer = await api.send("POST", "/webhooks/endpoints", { slug, name, url, eventTypes });
  const made = expectAnswer(`creation of endpoint ${slug}`, answer, createEndpoint.response);
  return { slug, id: made.id, secret: made.secret };
};

/** A token that may only report actions. A lost one is revoked. */
const ensureToken = async (api: Api, known: FleetState["token"]): Promise<FleetState["token"]> => {
  const name = "Back office of the shop";
  const there = expectAnswer(
    "list of tokens",
    await api.send("GET", "/tokens?limit=200"),
    listTokens.response,
  ).items;
  if (there.some(({ id, state }) => id === known?.id && state === "active")) return known;
  for (const lost of there.filter((token) => token.name === name)) await remove(api, `/tokens/${lost.id}`);
  const answer = await api.send("POST", "/tokens", { name, capabilities: ["audit:write"], expiresAt: null });
  const made = expectAnswer(`creation of token ${name}`, answer, createToken.response);
  return { id: made.id, secret: made.token };
};

const put = <T extends { slug: string }>(list: T[], item: T): T[] => [
  ...list.filter((one) => one.slug !== item.slug),
  item,
];

/**
 * Makes sure that Wheelhouse knows the fleet's sources and receivers, through its API like any customer, and that their
 * secrets are available. A secret is shown once: if ours is lost, the source or receiver is created again.
 */
export const bootstrapFleet = async (settings: FleetSettings): Promise<FleetState> => {
  const { baseUrl, dataDir } = settings;
  await waitUntilReady(baseUrl);
  const before = await readState(dataDir);
  // Held until everything is created: meanwhile another program could be given a port that lies free.
  const control = await holdPort(before?.controlPort ?? 0);
  const held = [control];
  const state: FleetState = {
    controlPort: control.port,
    ports: {},
    sources: before?.sources ?? [],
    endpoints: before?.endpoints ?? [],
    token: before?.token ?? null,
  };
  for (const { slug } of receiverCast) {
    const place = await holdPort(before?.ports[slug] ?? 0);
    held.push(place);
    state.ports[slug] = place.port;
  }
  const credentials = parseCredentials(await readFile(settings.credentialsPath, "utf8"));
  for (const [root, api] of (await signInAdmins(baseUrl, credentials)).entries()) {
    const there = await list(api);
    for (const cast of sourceCast.filter((one) => one.root === root)) {
      const existing = there.sources.find((one) => one.slug === cast.slug);
      const known = state.sources.find((one) => one.slug === cast.slug);
      state.sources = put(state.sources, await ensureSource(api, cast, existing, known));
      await writeState(dataDir, state);
    }
    for (const cast of receiverCast.filter((one) => one.root === root)) {
      const existing = there.endpoints.find((one) => one.slug === cast.slug);
      const known = state.endpoints.find((one) => one.slug === cast.slug);
      const url = `http://127.0.0.1:${state.ports[cast.slug]}/hooks`;
      state.endpoints = put(state.endpoints, await ensureEndpoint(api, cast, url, existing, known));
      await writeState(dataDir, state);
    }
    if (root === 0) {
      state.token = await ensureToken(api, state.token);
      await writeState(dataDir, state);
    }
    await api.signOut();
  }
  await Promise.all(held.map(({ release }) => release()));
  return state;
};
