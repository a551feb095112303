import { uuidv7 } from "uuidv7";
import type { Config } from "#config.ts";
import type { Mails } from "#lib/mails.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import { contentPurpose } from "./content.ts";

/** Where people reach the console. */
export const consoleUrlOf = ({ http: { publicUrl, host, port } }: Config) =>
  publicUrl ?? `http://${host}:${port}`;

/** Queues e-mails as notifications without an incident. */
export const createMails = ({ box, config }: { box: SecretBox; config: Config }): Mails => ({
  isOn: config.notifications.smtp !== undefined,
  urlOf: (path) => `${consoleUrlOf(config)}${path}`,
  async queue(tx, { organizationId, to, subject, text }) {
    if (config.notifications.smtp === undefined) return;
    const id = uuidv7();
    await tx
      .insertInto("notifications")
      .values({
        id,
        org_id: organizationId,
        event: "mail",
        severity: "info",
        title: subject,
        summary: "",
        path: "overview",
        channel: "email",
        recipient: to,
        address: to,
        state: "pending",
        due_at: new Date(),
        content_box: box.seal(text, contentPurpose(id)),
      })
      .execute();
  },
});
