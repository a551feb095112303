import { type Actor, platformOrganization, type RequestContext } from "#lib/http/request-context.ts";

const allowed: Actor["can"] = () => ({ in: () => ({ check: () => true }) });

/** A context as the auth plugin would create it: a person with every right, in this organization. */
export function testContext(
  organization: { id: string; slug: string; name: string } = platformOrganization,
  changed: Partial<RequestContext> = {},
): RequestContext {
  return {
    actor: {
      type: "user",
      id: "01900000-0000-7000-8000-00000000000a",
      display: "Test Person",
      authMethod: "password",
      sessionId: "01900000-0000-7000-8000-00000000000b",
      can: allowed,
    },
    organization,
    subtreeIds: [organization.id],
    requestId: "req_test",
    address: "127.0.0.1",
    userAgent: "test",
    idempotencyKey: null,
    ...changed,
  };
}
