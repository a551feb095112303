import { targetDefinition } from "@wheelhouse/shared/sources.ts";
import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { AuditFields } from "#lib/change.ts";
import { heartbeatPath, issueHeartbeatSecret } from "#lib/security/heartbeat-secret.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SecretRow, SourcesStore } from "./store.ts";

/** A complete heartbeat address, returned only once, because only a hash of its secret is stored. */
type Issued = { instance: string; path: string };
/** `service`: its id in the list of sources. */
type Place = { organizationId: string; service: string };

/** Secrets of services that report by themselves, changed in the transaction of the source. */
export function createHeartbeatSecrets({
  store,
  clock,
}: {
  store: Pick<SourcesStore, "secretsOf" | "saveSecrets" | "forgetSecrets">;
  clock: Clock;
}) {
  const issue = (service: string, instance: string): { row: SecretRow; told: Issued } => {
    const { secret, hash, hint } = issueHeartbeatSecret();
    return {
      row: {
        service,
        instance,
        secret_hash: hash,
        secret_hint: hint,
        issued_at: new Date(clock.now()),
      },
      told: { instance, path: `${heartbeatPath(service, instance)}${secret}` },
    };
  };

  return {
    /** Issues a secret to each instance that reports by itself and has none, and deletes all others. */
    async keep(tx: Transaction<Tables>, { organizationId, service }: Place, definition: unknown) {
      const read = targetDefinition.safeParse(definition).data;
      const isPush = read?.kind === "service" && read.format === "push";
      const instances = isPush ? read.instances.map(({ id }) => id) : [];
      await store.forgetSecrets(tx, organizationId, service, instances);
      const kept = isPush ? await store.secretsOf(tx, organizationId, service) : [];
      const fresh = instances
        .filter((id) => !kept.some(({ instance }) => instance === id))
        .map((id) => issue(service, id));
      const rows = fresh.map(({ row }) => row);
      await store.saveSecrets(tx, organizationId, rows);
      return { secrets: [...kept, ...rows], issued: fresh.map(({ told }) => told) };
    },

    /** Replaces the secret of an instance, if it had one. */
    async renew(tx: Transaction<Tables>, { organizationId, service }: Place, instance: string) {
      const known = await store.secretsOf(tx, organizationId, service);
      const before = known.find((each) => each.instance === instance);
      const { row, told } = issue(service, instance);
      await store.saveSecrets(tx, organizationId, [row]);
      return { told, before: before ? shownOf(before) : null, after: shownOf(row) };
    },
  };
}

export type HeartbeatSecrets = ReturnType<typeof createHeartbeatSecrets>;

const shownOf = ({ instance, secret_hint, issued_at }: SecretRow): AuditFields => ({
  instance,
  secretHint: secret_hint,
  issuedAt: issued_at.toISOString(),
});
