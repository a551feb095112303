import { createTransport } from "nodemailer";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { filteredSocket } from "#lib/security/filtered-socket.ts";

export type Mail = { to: string; subject: string; text: string; messageId: string };
export type Mailer = { send(mail: Mail): Promise<string>; close(): void };

export type SmtpSettings = {
  /** `smtp://` takes STARTTLS and needs it, unless the server is on this machine; `smtps://` begins with TLS. */
  url: string;
  from: string;
};

const timeoutMs = 10_000;
const portOf = (url: URL) => Number(url.port) || (url.protocol === "smtps:" ? 465 : 587);

/**
 * Sends e-mail by SMTP. A password or a message never leaves over an unencrypted connection to another machine.
 * @param options.ca additional certificate authority, PEM; for tests.
 */
export function createMailer(
  { url: text, from }: SmtpSettings,
  filter: AddressFilter,
  { ca }: { ca?: string | undefined } = {},
): Mailer {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  const port = portOf(url);
  const transport = createTransport({
    host,
    port,
    secure: url.protocol === "smtps:",
    ...(ca === undefined ? {} : { tls: { ca } }),
    requireTLS: !isLocal && url.protocol === "smtp:",
    ...(url.username === ""
      ? {}
      : { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    // The address that is connected to is the one that was checked.
    getSocket: (
      _options: unknown,
      done: (error: Error | null, socket?: { connection: import("node:net").Socket }) => void,
    ) => {
      const socket = filteredSocket(filter);
      const timer = setTimeout(
        () => socket.destroy(new Error("The mail server cannot be reached in time")),
        timeoutMs,
      );
      const failed = (error: Error) => {
        clearTimeout(timer);
        done(error);
      };
      socket.once("error", failed);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.removeListener("error", failed);
        done(null, { connection: socket });
      });
      socket.connect({ host, port });
    },
  });
  return {
    async send({ to, subject, text: body, messageId }) {
      const sent = await transport.sendMail({ from, to, subject, text: body, messageId });
      return sent.response;
    },
    close: () => transport.close(),
  };
}
