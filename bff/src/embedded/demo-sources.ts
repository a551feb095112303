import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "./ports.ts";

const shopServers = [
  "gateway",
  "payments1",
  "payments2",
  "payments3",
  "catalog",
  "billing",
  "helpdesk",
  "switch",
] as const;
type ShopPorts = Record<(typeof shopServers)[number], number>;

/**
 * Chooses ports for the demo fleet's services, the same as last time if they are free, and writes them to
 * `<dataDir>/fleet/services.json`, because services and watched sources must agree before the fleet starts.
 */
export async function chooseShopPorts(dataDir: string): Promise<ShopPorts> {
  const folder = join(dataDir, "fleet");
  const path = join(folder, "services.json");
  const before = portsIn(path);
  const ports: ShopPorts = {
    gateway: 0,
    payments1: 0,
    payments2: 0,
    payments3: 0,
    catalog: 0,
    billing: 0,
    helpdesk: 0,
    switch: 0,
  };
  for (const server of shopServers) {
    const taken = new Set(Object.values(ports));
    let port = await freePort(before[server]);
    while (taken.has(port)) port = await freePort();
    ports[server] = port;
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(ports), { mode: 0o600 });
  return ports;
}

function portsIn(path: string): Record<string, number | undefined> {
  try {
    const read: unknown = JSON.parse(readFileSync(path, "utf8"));
    const entries = Object.entries(typeof read === "object" && read !== null ? read : {});
    return Object.fromEntries(
      entries.flatMap(([name, port]) => (Number.isInteger(port) ? [[name, Number(port)]] : [])),
    );
  } catch {
    return {};
  }
}

const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`;

const organization = "northwind";

const paymentsOf = (ports: ShopPorts) => [
  { id: "payments-1", port: ports.payments1 },
  { id: "payments-2", port: ports.payments2 },
  { id: "payments-3", port: ports.payments3 },
];

function shopServices(ports: ShopPorts) {
  const often = { organization, interval: "2s", timeout: "1s" };
  return [
    {
      id: "card-gateway",
      name: "Card gateway",
      group: "Partners",
      owner: "Partner desk",
      ...often,
      format: "status",
      url: at(ports.gateway, "/up"),
    },
    {
      id: "payments",
      name: "Payments",
      group: "Checkout",
      owner: "Team Checkout",
      ...often,
      format: "health+json",
      dependsOn: ["card-gateway", "primary"],
      instances: paymentsOf(ports).map(({ id, port }) => ({ id, url: at(port, "/health") })),
      conditions: ["[STATUS] == 200", "[RESPONSE_TIME] < 1000"],
    },
    {
      id: "billing",
      name: "Billing",
      group: "Checkout",
      owner: "Team Ledger",
      ...often,
      format: "spring",
      dependsOn: ["card-gateway", "postgres"],
      actuatorBreakers: true,
      instances: [{ id: "billing-1", url: at(ports.billing, "/actuator/health") }],
    },
    {
      id: "catalog",
      name: "Catalog",
      group: "Shop",
      owner: "Team Catalog",
      ...often,
      format: "health+json",
      dependsOn: ["primary"],
      instances: [{ id: "catalog-1", url: at(ports.catalog, "/health") }],
    },
    {
      id: "helpdesk",
      name: "Help desk",
      owner: "Support",
      organization: "contoso",
      interval: "2s",
      timeout: "1s",
      format: "health+json",
      dependsOn: ["contoso"],
      instances: [{ id: "helpdesk-1", url: at(ports.helpdesk, "/health") }],
    },
  ];
}

function shopTargets(ports: ShopPorts) {
  return [
    ...paymentsOf(ports).map(({ id, port }) => ({
      id: `${id}-metrics`,
      service: "payments",
      instance: id,
      url: at(port, "/metrics"),
      organization,
      interval: "5s",
      timeout: "2s",
    })),
    {
      id: "catalog-metrics",
      service: "catalog",
      instance: "catalog-1",
      url: at(ports.catalog, "/metrics"),
      organization,
      interval: "5s",
      timeout: "2s",
    },
    {
      id: "billing-metrics",
      service: "billing",
      instance: "billing-1",
      url: at(ports.billing, "/actuator/prometheus"),
      organization,
      interval: "5s",
      timeout: "2s",
    },
  ];
}

/** The first organization's shop: see `e2e/fleet/services.ts`. */
function shopOf(ports: ShopPorts) {
  return { services: shopServices(ports), prometheus: shopTargets(ports) };
}

/**
 * Writes the demo's list of watched sources to the data folder: Wheelhouse's own servers and the shop's services belong
 * to the first organization, another logical database of the same Redis to the second. Written again at each start,
 * because ports may have changed.
 * @returns its path.
 */
export function writeDemoSources({
  dataDir,
  redisUrl,
  shopPorts,
}: {
  dataDir: string;
  redisUrl: string;
  shopPorts: ShopPorts;
}): string {
  const second = new URL(redisUrl);
  second.pathname = "/1";
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const path = join(dataDir, "demo-sources.yaml");
  const content = {
    redis: [
      {
        id: "primary",
        name: "Redis primary",
        organization: "northwind",
        caches: [
          { name: "tax-rates", service: "billing", prefix: "billing:tax-rates::" },
          { name: "products", service: "catalog", prefix: "shop:cache:products:" },
          { name: "exchange-rates", service: "catalog", prefix: "shop:cache:exchange-rates:" },
        ],
      },
      { id: "contoso", name: "Redis contoso", url: second.href, organization: "contoso" },
    ],
    postgres: [{ id: "postgres", name: "Postgres", organization: "northwind" }],
    ...shopOf(shopPorts),
  };
  writeFileSync(path, stringify(content), { mode: 0o600 });
  return path;
}
