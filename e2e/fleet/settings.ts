import { z } from "zod";

/** Settings that the launcher passes to the fleet in the environment; read only here. */
const settings = z.object({
  /** The URL of Wheelhouse, e.g. `http://127.0.0.1:4600`. */
  FLEET_BASE_URL: z.url({ protocol: /^https?$/ }),
  FLEET_REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  FLEET_DATA_DIR: z.string().min(1),
  /** Path of `credentials.json`. */
  FLEET_CREDENTIALS: z.string().min(1),
});

export type FleetSettings = {
  baseUrl: string;
  redisUrl: string;
  dataDir: string;
  credentialsPath: string;
};

/** Fails with all bad and missing variables in one message. */
export const readSettings = (environment: NodeJS.ProcessEnv): FleetSettings => {
  const parsed = settings.safeParse(environment);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The demo fleet cannot start:\n${lines.join("\n")}`);
  }
  return {
    baseUrl: parsed.data.FLEET_BASE_URL,
    redisUrl: parsed.data.FLEET_REDIS_URL,
    dataDir: parsed.data.FLEET_DATA_DIR,
    credentialsPath: parsed.data.FLEET_CREDENTIALS,
  };
};
