import type { createContact } from "@wheelhouse/shared/alerts/channels.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { uuidv7 } from "uuidv7";
import type { Changes } from "#lib/change.ts";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { auditOf, endOf, hintOfAddress, personOf, targetOf } from "./shown.ts";
import { type ChannelStore, contactView } from "./store.ts";
import type { Trial } from "./trial.ts";

type Given = EndpointParsed<typeof createContact>["body"];

const secretOf = (body: Given) => {
  if (body.kind === "push") return JSON.stringify(body.subscription);
  return body.kind === "email" ? body.address : body.key;
};
const hintOf = (body: Given) => {
  if (body.kind === "push") return hintOfAddress(body.subscription.endpoint);
  return body.kind === "email" ? body.address : endOf(body.key);
};

/** How people are reached beside the bell; each person's own. */
export function createContacts({
  store,
  changes,
  filter,
  trial,
  sendsMail,
}: {
  store: ChannelStore;
  changes: Changes;
  filter: AddressFilter;
  trial: Trial;
  /** Whether this installation sends e-mail. */
  sendsMail: boolean;
}) {
  return {
    create(body: EndpointParsed<typeof createContact>["body"], context: RequestContext) {
      const userId = personOf(context);
      const refusal = body.kind === "push" ? filter.refusalOfUrl(body.subscription.endpoint) : null;
      if (refusal) throw invalidField("body.subscription.endpoint", `may not be reached: ${refusal}`);
      if (body.kind === "email" && !sendsMail)
        throw invalidField("body.kind", "needs an SMTP server; set WHEELHOUSE_SMTP_URL");
      const { kind, name } = body;
      return changes.run(context, "alerts.contact.create", async (tx) => {
        const row = await store.addContact(
          tx,
          { id: uuidv7(), org_id: context.organization.id, user_id: userId, kind, name, hint: hintOf(body) },
          secretOf(body),
        );
        const audit = { targets: targetOf("alert-contact", row), before: null, after: auditOf(row) };
        return { result: contactView(row), audit };
      });
    },

    remove: (id: string, context: RequestContext) =>
      changes.run(context, "alerts.contact.delete", async (tx) => {
        const before = await store.contact(tx, context.organization.id, personOf(context), id);
        await store.removeContact(tx, id);
        return {
          result: null,
          audit: { targets: targetOf("alert-contact", before), before: auditOf(before), after: null },
        };
      }),

    async test(id: string, context: RequestContext) {
      const row = await store.findContact(context.organization.id, personOf(context), id);
      return trial(context, "alerts.contact.test", {
        id,
        kind: row.kind,
        name: row.name,
        org_id: context.organization.id,
        channel: row.kind,
        channel_id: id,
        user_id: personOf(context),
        address: null,
        recipient: context.actor.display,
      });
    },
  };
}
export type Contacts = ReturnType<typeof createContacts>;
