import type { Capability } from "@wheelhouse/shared/capabilities.ts";

export type ActorType = "user" | "token" | "system" | "anonymous";

/** The actor. Built per request by the access feature, the only one that knows memberships. */
export type Actor = {
  type: ActorType;
  id: string | null;
  /** The current display name; the trail stores it. */
  display: string;
  authMethod: "password" | "oidc" | "token" | "none" | "internal";
  sessionId: string | null;
  /** The impersonator, if this actor is impersonated. */
  impersonator?: { id: string; display: string } | null;
  /** `actor.can("webhooks:replay").in(organizationId).check()` */
  can(capability: Capability): { in(organizationId: string): { check(): boolean } };
};

/** What every handler knows about the caller. `organization` is validated against the actor's memberships. */
export type RequestContext = {
  actor: Actor;
  organization: { id: string; slug: string; name: string };
  /** The organization and everything below it, for `includeChildren`; filtered to what the actor may read. */
  subtreeIds: readonly string[];
  requestId: string;
  address: string | null;
  userAgent: string | null;
  idempotencyKey: string | null;
  /** Whether the person signed in or confirmed the password within the last 5 minutes. */
  confirmed?: boolean;
  /**
   * sha256 of method, URL and body, set together with an idempotency key: the same key must not carry another request.
   */
  requestHash?: Buffer;
};

/** Owns the installation and all actions without an organization of their own; created by the migrations. */
export const platformOrganization = {
  id: "00000000-0000-7000-8000-000000000001",
  slug: "platform",
  name: "Platform",
} as const;
