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
