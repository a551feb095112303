import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";

/** E-mails that are not about incidents: invitations, and links for a new password. */
export type Mails = {
  /** Whether this installation sends e-mail. */
  isOn: boolean;
  /** Sends an e-mail once the transaction commits. Its text is sealed until then, and removed afterwards. */
  queue(
    tx: Transaction<Tables>,
    mail: { organizationId: string; to: string; subject: string; text: string },
  ): Promise<void>;
  /** Full address of a path of the console. */
  urlOf(path: string): string;
};
