import { createServer, type Server } from "node:http";
import { z } from "zod";
import { runProgram } from "../program.ts";
import { closeServer, readBody, writeReply } from "../receivers/receiver.ts";
import { createRhythm } from "../rhythm.ts";
import { readSettings } from "../settings.ts";
import { createBilling } from "./billing.ts";
import { createCardGateway } from "./card-gateway.ts";
import { createCatalog } from "./catalog.ts";
import { createHelpdesk } from "./helpdesk.ts";
import { createPayments } from "./payments.ts";
import { createShopRedis } from "./queues.ts";
import { readServicePorts } from "./service-ports.ts";

/** `up`: null returns the gateway to its own rhythm; for the others it means up. */
const order = z.strictObject({ service: z.string(), up: z.boolean().nullable() });

/**
 * The shop's services with breakers and caches, each on its own port, and the switch that takes them down: `POST /`
 * with `{"service": "gateway", "up": false}`.
 */
await runProgram("services", async (log) => {
  const { dataDir, redisUrl } = readSettings(process.env);
  const ports = await readServicePorts(dataDir);
  const redis = createShopRedis(redisUrl, log);
  const subscriber = createShopRedis(redisUrl, log);
  // The second organization's, in its own logical database.
  const secondUrl = new URL(redisUrl);
  secondUrl.pathname = "/1";
  const second = createShopRedis(secondUrl.href, log);
  const secondSubscriber = createShopRedis(secondUrl.href, log);
  const rhythm = createRhythm();
  const connections = { redis, subscriber, rhythm };

  const gateway = createCardGateway(ports.gateway, rhythm, log);
  const payments = (instance: string, port: number) =>
    createPayments({ instance, port, gateway, ...connections });
  const servers = new Map<string, ReturnType<typeof payments>>([
    ["payments-1", payments("payments-1", ports.payments1)],
    ["payments-2", payments("payments-2", ports.payments2)],
    ["payments-3", payments("payments-3", ports.payments3)],
    ["catalog-1", createCatalog({ instance: "catalog-1", port: ports.catalog, ...connections })],
    ["billing-1", createBilling({ port: ports.billing, gateway, rhythm, redis })],
    [
      "helpdesk-1",
      createHelpdesk({ port: ports.helpdesk, redis: second, subscriber: secondSubscriber, rhythm }),
    ],
  ]);
  await gateway.settle();
  for (const server of servers.values()) await server.setUp(true);

  const show = () => ({
    gateway: gateway.show(),
    services: Object.fromEntries([...servers].map(([name, server]) => [name, server.isUp()])),
  });
  const obey = async (text: string | null): Promise<boolean> => {
    const { data } = order.safeParse(parseJson(text));
    if (data?.service === "gateway") await gateway.want(data.up);
    else {
      const server = servers.get(data?.service ?? "");
      if (!data || !server) return false;
      await server.setUp(data.up ?? true);
    }
    log(`${data.service} is switched ${data.up === false ? "off" : "on"}`);
    return true;
  };
  const control = createServer(async (request, response) => {
    const known = request.method !== "POST" || (await obey(await readBody(request).catch(() => null)));
    const help = `Send {"service","up"}. service: gateway, ${[...servers.keys()].join(", ")}; up: true, false, null`;
    writeReply(response, known ? { status: 200, body: show() } : { status: 400, body: { error: help } });
  });
  await listen(control, ports.switch);
  log(`${servers.size} services and the card gateway; switch at http://127.0.0.1:${ports.switch}`);

  return async () => {
    rhythm.stop();
    await Promise.all([
      closeServer(control),
      gateway.close(),
      ...[...servers.values()].map((one) => one.close()),
    ]);
    for (const connection of [redis, subscriber, second, secondSubscriber]) connection.disconnect();
  };
});

function listen(server: Server, port: number): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return null;
  }
}
