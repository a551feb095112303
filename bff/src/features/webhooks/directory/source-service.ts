import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import {
  type createSource,
  type rotateSource,
  type SourceRedaction,
  sourceRedaction,
  sourceRules,
  type updateSource,
  type WebhookSource,
} from "@wheelhouse/shared/webhooks/senders.ts";
import { uuidv7 } from "uuidv7";
import type { AuditFields, Changes } from "#lib/change.ts";
import { decodeCursor } from "#lib/http/cursor.ts";
import { invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Clock } from "#lib/time/clock.ts";
import { hidesField } from "../redaction.ts";
import { assertAddresses } from "./addresses.ts";
import { type Paging, pageOf, place, staleVersion } from "./configuration.ts";
import { type Directory, publicKeyOf, sourcePurpose } from "./lookup.ts";
import { assertSecret, makeSecret, secretHint } from "./signature.ts";
import type { SourceRow, SourceStore } from "./source-store.ts";

const hourMs = 3_600_000;

type SourcesOptions = {
  store: SourceStore;
  changes: Changes;
  secrets: SecretBox;
  directory: Directory;
  clock: Clock;
};

const auditFields = (
  row: Omit<SourceRow, "id" | "version" | "created_at" | "secret_hint" | "secret_box">,
): AuditFields => ({
  slug: row.slug,
  name: row.name,
  scheme: row.scheme,
  rules: JSON.stringify(row.rules),
  addresses: row.addresses,
  maxBodyBytes: row.max_body_bytes,
  redaction: JSON.stringify(sourceRedaction.parse(row.redaction)),
  searchFields: row.search_fields,
  previousSecretUntil: row.previous_secret_until?.toISOString() ?? null,
});

/** What each scheme requires of the other settings. @throws AppError naming the field. */
function assertSettings({ scheme, rules, addresses }: Pick<SourceRow, "scheme" | "rules" | "addresses">) {
  assertAddresses(addresses, "body.addresses");
  if (scheme === "addresses" && addresses.length === 0)
    throw invalidField("body.addresses", "must name an address: nothing else proves who this sender is");
  if (scheme === "hmac" && rules.signatureHeader === null)
    throw invalidField("body.rules.signatureHeader", "must name the header of the signature");
}

/** What is hidden wherever it is shown is not stored in clear text. @throws AppError naming the field. */
function assertSearchable(searchFields: readonly string[], redaction: SourceRedaction) {
  for (const [at, path] of searchFields.entries())
    if (hidesField(path, redaction))
      throw invalidField(`body.searchFields.${at}`, `${path} is hidden by the redaction of this source`);
}

/** Sources, each change with its audit row; secrets are shown once and sealed at rest. */
export function createSources({ store, changes, secrets, directory, clock }: SourcesOptions) {
  const view = (row: SourceRow, organizationSlug: string): WebhookSource => ({
    id: row.id,
    slug: row.slug,
    name: row.name,
    scheme: row.scheme,
    rules: sourceRules.parse(row.rules),
    addresses: row.addresses,
    maxBodyBytes: row.max_body_bytes,
    redaction: sourceRedaction.parse(row.redaction),
    searchFields: row.search_fields,
    secretHint: row.secret_hint,
    publicKey: publicKeyOf(row, secrets),
    previousSecretUntil:
      row.previous_secret_until !== null && row.previous_secret_until.getTime() > clock.now()
        ? row.previous_secret_until.toISOString()
        : null,
    intakePath: `/hooks/${organizationSlug}/${row.slug}`,
    version: row.version,
    createdAt: row.created_at.toISOString(),
  });

  const targetsOf = ({ id, name }: Pick<SourceRow, "id" | "name">) => [{ type: "webhook-source", id, name }];

  return {
    async list({ cursor, limit }: Paging, { organization }: RequestContext) {
      const rows = await store.list(organization.id, decodeCursor(cursor, place), limit + 1);
      return pageOf(rows, limit, (row) => view(row, organization.slug));
    },

    async create(body: EndpointParsed<typeof createSource>["body"], context: RequestContext) {
      const { slug, name, scheme, rules, addresses, maxBodyBytes, redaction, searchFields } = body;
      assertSettings(body);
      assertSearchable(searchFields, redaction);
      if (scheme === "addresses" && body.secret !== undefined)
        throw invalidField("body.secret", "must be left out: this source is known by its addresses");
      const secret = scheme === "addresses" ? null : (body.secret ?? makeSecret());
      if (secret !== null) assertSecret(scheme, secret, "body.secret");
      const id = uuidv7();
      const made = await changes.run(context, "webhooks.source.create", async (tx) => {
        const row = await store.insert(tx, {
          id,
          org_id: context.organization.id,
          slug,
          name,
          scheme,
          rules,
          addresses,
          max_body_bytes: maxBodyBytes,
          redaction,
          search_fields: searchFields,
          secret_box: secret === null ? null : secrets.seal(secret, sourcePurpose(id)),
          secret_hint: secret === null ? null : secretHint(secret),
        });
        return {
          result: { ...view(row, context.organization.slug), secret: secret ?? "" },
          audit: { targets: targetsOf(row), before: null, after: auditFields(row) },
        };
      });
      directory.forget();
      return made;
    },

    async update(
      id: string,
      body: EndpointParsed<typeof updateSource>["body"],
      context: RequestContext,
    ): Promise<WebhookSource> {
      const changed = await changes.run(context, "webhooks.source.update", async (tx) => {
        const before = await store.lock(tx, context.organization.id, id);
        if (before.version !== body.version) throw staleVersion();
        const settings = {
          name: body.name ?? before.name,
          rules: body.rules ?? before.rules,
          addresses: body.addresses ?? before.addresses,
          max_body_bytes: body.maxBodyBytes ?? before.max_body_bytes,
          redaction: body.redaction ?? before.redaction,
          search_fields: body.searchFields ?? before.search_fields,
        };
        const unversioned = { ...before, ...settings };
        assertSettings(unversioned);
        assertSearchable(settings.search_fields, sourceRedaction.parse(settings.redaction));
        const row = { ...unversioned, version: await store.update(tx, id, settings) };
        return {
          result: view(row, context.organization.slug),
          audit: { targets: targetsOf(row), before: auditFields(before), after: auditFields(row) },
        };
      });
      directory.forget();
      return changed;
    },

    async rotate(id: string, body: EndpointParsed<typeof rotateSource>["body"], context: RequestContext) {
      const secret = body.secret ?? makeSecret();
      const rotated = await changes.run(context, "webhooks.source.rotate", async (tx) => {
        const before = await store.lock(tx, context.organization.id, id);
        if (before.version !== body.version) throw staleVersion();
        if (before.secret_box === null)
          throw invalidField("params.id", "names a source without a secret: it is known by its addresses");
        assertSecret(before.scheme, secret, "body.secret");
        const until = body.overlapHours === 0 ? null : new Date(clock.now() + body.overlapHours * hourMs);
        const hint = secretHint(secret);
        const box = secrets.seal(secret, sourcePurpose(id));
        const version = await store.rotate(
          tx,
          id,
          { secret_box: box, secret_hint: hint },
          until === null ? null : { box: before.secret_box, until },
        );
        const row = {
          ...before,
          version,
          secret_hint: hint,
          secret_box: box,
          previous_secret_until: until,
        };
        return {
          result: { ...view(row, context.organization.slug), secret },
          audit: { targets: targetsOf(row), before: auditFields(before), after: auditFields(row) },
        };
      });
      directory.forget();
      return rotated;
    },

    async delete(id: string, context: RequestContext) {
      await changes.run(context, "webhooks.source.delete", async (tx) => {
        const before = await store.lock(tx, context.organization.id, id);
        await store.delete(tx, id);
        return {
          result: null,
          audit: { targets: targetsOf(before), before: auditFields(before), after: null },
        };
      });
      directory.forget();
      return null;
    },
  };
}
export type Sources = ReturnType<typeof createSources>;
