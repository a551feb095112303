import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const secretsSchema = z.object({
  postgresPassword: z.string(),
  appPassword: z.string(),
  systemPassword: z.string(),
  /** 32 bytes, base64: encrypts webhook secrets at rest. */
  secretKey: z.string(),
});
export type EmbeddedSecrets = z.infer<typeof secretsSchema>;

/** Reads the secrets of the embedded servers, or creates them on the first start; `secrets.json`, mode 0600. */
export function openSecrets(dataDir: string): EmbeddedSecrets {
  const path = join(dataDir, "secrets.json");
  if (existsSync(path)) return secretsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  const secrets = makeSecrets();
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  // Renamed into place, so that a crash leaves no half-written file.
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return secrets;
}

/** Fresh random secrets; the caller stores them. */
export function makeSecrets(): EmbeddedSecrets {
  const password = () => randomBytes(24).toString("base64url");
  return {
    postgresPassword: password(),
    appPassword: password(),
    systemPassword: password(),
    secretKey: randomBytes(32).toString("base64"),
  };
}
