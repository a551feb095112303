import type { Capability } from "@wheelhouse/shared/capabilities.ts";

export type ActorType = "user" | "token" | "system" | "anonymous";

/** Who acts. Built per request by the access feature, which alone knows memberships. */
export type Actor = {
  type: ActorType;
  id: string | null;
  /** Shown name as it is now; the trail keeps it. */
  display: string;
  authMethod: "password" | "oidc" | "token" | "none" | "internal";
  sessionId: string | null;
  /** Who really acts, when this actor is impersonated. */
  impersonator?: { id: string; display: string } | null;
  /** `actor.can("webhooks:replay").in(organizationId).check()` */
  can(capability: Capability): { in(organizationId: string): { check(): boolean } };
};

/** What every handler is told about the caller. `organization` is validated against the actor's memberships. */
export type RequestContext = {
  actor: Actor;
  organization: { id: string; slug: string; name: string };
  /** The organization and everything below it, for `includeChildren`; filtered to what the actor may read. */
  subtreeIds: readonly string[];
  requestId: string;
  address: string | null;
  userAgent: string | null;
  idempotencyKey: string | null;
  /** The person signed in or confirmed the password within the last 5 minutes. */
  confirmed?: boolean;
  /** sha256 of method, URL and body, set beside an idempotency key: the same key may not carry another request. */
  requestHash?: Buffer;
};

/** Owns the installation and every act that has no organization of its own; made by the migrations. */
export const platformOrganization = {
  id: "00000000-0000-7000-8000-000000000001",
  slug: "platform",
  name: "Platform",
} as const;
