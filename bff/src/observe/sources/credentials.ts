import { type SourceCredentials, sourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import { z } from "zod";

/** What an endpoint asks for, as the file names it: exactly one of these. */
export const auth = z.strictObject({
  bearer: z.string().optional(),
  basic: z.strictObject({ user: z.string(), password: z.string() }).optional(),
  header: z.strictObject({ name: z.string(), value: z.string() }).optional(),
  certificate: z.strictObject({ certificate: z.string(), key: z.string() }).optional(),
});

/** The value of an environment variable; undefined when it is not set. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * An address with the variables that it names filled in: `${NAME}` for all of it as it is, or for a part of it, such as
 * the password, percent-encoded.
 */
export function readAddress(address: string, variable: ReadVariable): { url: string } | { fault: string } {
  const missing: string[] = [];
  const isWhole = /^\$\{\w+\}$/.test(address);
  const url = address.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    const value = variable(name);
    if (!value) missing.push(name);
    return isWhole ? (value ?? "") : encodeURIComponent(value ?? "");
  });
  return missing.length > 0 ? { fault: `names the variable ${missing[0]}, which is not set` } : { url };
}

/** Credentials with the variables that they name filled in, or what is wrong with them. */
export function readAuth(
  { bearer, basic, header, certificate }: z.output<typeof auth>,
  variable: ReadVariable,
): SourceCredentials | { fault: string } {
  const missing: string[] = [];
  const filled = (text: string) => {
    const [, name] = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text) ?? [];
    if (name === undefined) return text;
    const value = variable(name);
    if (!value) missing.push(name);
    return value ?? "";
  };
  const all = [
    ...(bearer === undefined ? [] : [{ kind: "bearer", token: filled(bearer) }]),
    ...(basic ? [{ kind: "basic", user: filled(basic.user), password: filled(basic.password) }] : []),
    ...(header ? [{ kind: "header", name: header.name, value: filled(header.value) }] : []),
    ...(certificate
      ? [
          {
            kind: "certificate",
            certificate: filled(certificate.certificate),
            key: filled(certificate.key),
          },
        ]
      : []),
  ];
  if (missing.length > 0) return { fault: `names the variable ${missing[0]}, which is not set` };
  if (all.length !== 1) return { fault: "names exactly one of bearer, basic, header, certificate" };
  const read = sourceCredentials.safeParse(all[0]);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  return { fault: `${String(issue?.path.at(-1) ?? "it")} ${issue?.message ?? "is not valid"}` };
}
