import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const port = z.number().int().min(1).max(65535);

/** Ports of the shop's services, chosen by the launcher, which also declares them in Wheelhouse. */
const servicePorts = z.object({
  gateway: port,
  payments1: port,
  payments2: port,
  payments3: port,
  catalog: port,
  billing: port,
  helpdesk: port,
  /** Takes services away and brings them back: see `services.ts`. */
  switch: port,
});
export type ServicePorts = z.infer<typeof servicePorts>;

/** Throws if the launcher has written none. */
export const readServicePorts = async (dataDir: string): Promise<ServicePorts> =>
  servicePorts.parse(JSON.parse(await readFile(join(dataDir, "services.json"), "utf8")));
