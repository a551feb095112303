import { z } from "zod";

const secret = z.string().min(1).max(8_000);
const pem = z.string().min(1).max(32_000).includes("-----BEGIN ");
/** Visible ASCII without line breaks, as a header may carry it. */
const headerText = secret.regex(/^[\x20-\x7e]+$/, "must consist of printable ASCII characters");

/** What an endpoint asks for. Sealed at rest, never shown, and sent only to the addresses of its own source. */
export const sourceCredentials = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bearer"), token: headerText }),
  z.strictObject({
    kind: z.literal("basic"),
    user: z
      .string()
      .max(500)
      .regex(/^[^:]*$/, "must not contain a colon"),
    password: secret,
  }),
  z.strictObject({
    kind: z.literal("header"),
    name: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9-]+$/, "must be the name of a header")
      .refine(
        (name) => !/^(host|content-length|connection|transfer-encoding|upgrade|te|trailer)$/i.test(name),
        "is set by Wheelhouse itself",
      ),
    value: headerText,
  }),
  /** In PEM. */
  z.strictObject({ kind: z.literal("certificate"), certificate: pem, key: pem }),
]);
export type SourceCredentials = z.output<typeof sourceCredentials>;

export const credentialKinds = ["bearer", "basic", "header", "certificate"] as const;
