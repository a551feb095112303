import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "pino";

/** Prefix of the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

type AuditKeysOptions = {
  /** 32 random bytes in base64. */
  seed: string;
  /** PEM file with every public key that signed here, so that older checkpoints stay verifiable. */
  publicKeysFile: string;
  log: Pick<Logger, "warn">;
};

/** Public keys by id. */
export type TrustedKeys = {
  /** Also false for a key that is not trusted. */
  verifies(keyId: string, bytes: Buffer, signature: Buffer): boolean;
  has(keyId: string): boolean;
};

export type AuditKeys = TrustedKeys & {
  keyId: string;
  sign(bytes: Buffer): Buffer;
  list(): { keyId: string; publicKeyPem: string; signsNow: boolean }[];
};

const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const keyIdOf = (key: KeyObject) =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);

/**
 * Reads any number of public keys from PEM text.
 * @throws if it contains none, or one that is not Ed25519.
 */
export function trustedKeysOf(pem: string): TrustedKeys & { keys: ReadonlyMap<string, KeyObject> } {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0) throw new Error("the key file contains no public key (BEGIN PUBLIC KEY)");
  const keys = new Map(
    blocks.map((block) => {
      const key = createPublicKey(block);
      if (key.asymmetricKeyType !== "ed25519")
        throw new Error("the key file contains a key that is not Ed25519");
      return [keyIdOf(key), key] as const;
    }),
  );
  return {
    keys,
    has: (keyId) => keys.has(keyId),
    verifies(keyId, bytes, signature) {
      const key = keys.get(keyId);
      return key !== undefined && verify(null, bytes, key, signature);
    },
  };
}

/** Derives a seed from the installation's secret key, for installations without a configured seed. */
export const auditSeedFrom = (secretKey: string) =>
  Buffer.from(
    hkdfSync("sha256", Buffer.from(secretKey, "base64"), "", "wheelhouse audit checkpoints", 32),
  ).toString("base64");

/** Id of the key that signs with this seed. */
export const auditKeyIdOf = (seed: string) => keyIdOf(createPublicKey(privateKeyOf(seed)));

function privateKeyOf(seed: string): KeyObject {
  const key = Buffer.concat([pkcs8Prefix, Buffer.from(seed, "base64")]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** The key that signs checkpoints, never stored in the database that it protects. A new seed rotates it. */
export function openAuditKeys({ seed, publicKeysFile, log }: AuditKeysOptions): AuditKeys {
  const privateKey = privateKeyOf(seed);
  const publicKey = createPublicKey(privateKey);
  const keyId = keyIdOf(publicKey);
  const known = existsSync(publicKeysFile) ? readFileSync(publicKeysFile, "utf8") : "";
  const pem = known.includes(pemOf(publicKey).trim()) ? known : `${known}${pemOf(publicKey)}`;
  if (pem !== known) {
    try {
      mkdirSync(dirname(publicKeysFile), { recursive: true, mode: 0o711 });
      writeFileSync(`${publicKeysFile}.new`, pem, { mode: 0o644 });
      renameSync(`${publicKeysFile}.new`, publicKeysFile);
    } catch (err) {
      log.warn(
        { err },
        "the public audit key could not be saved: after a rotation, older checkpoints are not trusted",
      );
    }
  }
  const trusted = trustedKeysOf(pem);
  return {
    ...trusted,
    keyId,
    sign: (bytes) => sign(null, bytes, privateKey),
    list: () =>
      [...trusted.keys].map(([id, key]) => ({
        keyId: id,
        publicKeyPem: pemOf(key),
        signsNow: id === keyId,
      })),
  };
}
