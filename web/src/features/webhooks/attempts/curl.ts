import type { DeliveryAttempt } from "@wheelhouse/shared/webhooks/webhooks.ts";

/** A word for a POSIX shell that is taken as it is, whatever it holds. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Set by curl itself, from the body and the address. */
const own = new Set(["content-length", "host", "connection", "transfer-encoding"]);

/** The request as a shell command. Redacted headers stay redacted, and a body that was cut stays cut. */
export const curlOf = ({ url, headers, body }: DeliveryAttempt["request"]): string =>
  [
    `curl -X POST ${quoted(url)}`,
    ...Object.entries(headers).flatMap(([name, value]) =>
      own.has(name.toLowerCase()) ? [] : [`-H ${quoted(`${name}: ${value}`)}`],
    ),
    `--data-raw ${quoted(body)}`,
  ].join(" \\\n  ");
