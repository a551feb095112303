import type { Capability, Role } from "@wheelhouse/shared/capabilities.ts";
import type { ColumnType, Generated } from "kysely";

type OrganizationsTable = {
  id: Generated<string>;
  slug: string;
  name: string;
  parent_id: string | null;
  depth: Generated<number>;
  created_at: Generated<Date>;
};

type UsersTable = {
  id: Generated<string>;
  email: string;
  name: string;
  password_hash: string | null;
  disabled_at: Date | null;
  has_password: ColumnType<boolean, never, never>;
  created_at: Generated<Date>;
};

type MembershipsTable = {
  org_id: string;
  user_id: string;
  role: Role;
  created_at: Generated<Date>;
};

type SessionsTable = {
  id: Generated<string>;
  token_hash: Buffer;
  previous_token_hash: Buffer | null;
  previous_until: Date | null;
  user_id: string;
  default_org_id: string;
  auth_method: "password" | "oidc";
  address: string | null;
  user_agent: string | null;
  created_at: Generated<Date>;
  last_seen_at: Generated<Date>;
  confirmed_at: Generated<Date>;
  expires_at: Date;
  revoked_at: Date | null;
};

type OidcIdentitiesTable = {
  issuer: string;
  subject: string;
  user_id: string;
  linked_at: Generated<Date>;
};

type PasswordResetsTable = {
  id: Generated<string>;
  org_id: string;
  user_id: string;
  token_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date;
  ended_at: Date | null;
};

type SignInFailuresTable = {
  bucket: string;
  window_started_at: Date;
  failures: number;
  last_at: Date;
};

type IdempotencyKeysTable = {
  org_id: string;
  actor_id: string;
  key: string;
  request_hash: Buffer;
  result: Buffer | null;
  created_at: Generated<Date>;
};

type InvitationsTable = {
  id: Generated<string>;
  org_id: string;
  email: string;
  role: Role;
  token_hash: Buffer;
  invited_by: string;
  created_at: Generated<Date>;
  expires_at: Date;
  opened_at: Date | null;
  accepted_at: Date | null;
  accepted_by: string | null;
  revoked_at: Date | null;
};

type ApiTokensTable = {
  id: Generated<string>;
  org_id: string;
  name: string;
  prefix: string;
  token_hash: Buffer;
  capabilities: Capability[];
  created_by: string;
  created_at: Generated<Date>;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
};

/** Tables of the access feature; mirrors its migrations. */
export type AccessTables = {
  organizations: OrganizationsTable;
  users: UsersTable;
  memberships: MembershipsTable;
  sessions: SessionsTable;
  oidc_identities: OidcIdentitiesTable;
  password_resets: PasswordResetsTable;
  sign_in_failures: SignInFailuresTable;
  idempotency_keys: IdempotencyKeysTable;
  invitations: InvitationsTable;
  api_tokens: ApiTokensTable;
};
