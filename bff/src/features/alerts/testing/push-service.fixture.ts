import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  verify,
} from "node:crypto";

/** A browser's subscription with its private key, as its owner has it. */
export function makeSubscription(endpoint: string) {
  const owner = createECDH("prime256v1");
  owner.generateKeys();
  const auth = randomBytes(16);
  return {
    owner,
    auth,
    subscription: {
      endpoint,
      keys: { p256dh: owner.getPublicKey().toString("base64url"), auth: auth.toString("base64url") },
    },
  };
}

const derive = (secret: Buffer, salt: Buffer, info: Buffer, bytes: number) =>
  Buffer.from(hkdfSync("sha256", secret, salt, info, bytes));

/** Decrypts a message as RFC 8291 and RFC 8188 describe it, one record. */
export function decryptPush(body: Buffer, { owner, auth }: { owner: ECDH; auth: Buffer }): string {
  const salt = body.subarray(0, 16);
  const keyBytes = body.readUInt8(20);
  const sender = body.subarray(21, 21 + keyBytes);
  const shared = owner.computeSecret(sender);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), owner.getPublicKey(), sender]);
  const secret = derive(shared, auth, info, 32);
  const key = derive(secret, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const nonce = derive(secret, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
  const content = body.subarray(21 + keyBytes);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce, { authTagLength: 16 });
  decipher.setAuthTag(content.subarray(-16));
  const plain = Buffer.concat([decipher.update(content.subarray(0, -16)), decipher.final()]);
  // The last record ends with the delimiter 2 and padding.
  return plain.subarray(0, plain.lastIndexOf(2)).toString("utf8");
}

/** The claims of a VAPID header (RFC 8292); throws unless its signature is right. */
export function readVapid(authorization: string): { aud: string; sub: string; exp: number } {
  const [, token = "", key = ""] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? [];
  const [head = "", body = "", signature = ""] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const publicKey = createPublicKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url"),
    },
  });
  const isRight = verify(
    "sha256",
    Buffer.from(`${head}.${body}`),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!isRight) throw new Error("the signature is wrong");
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
}
