import { z } from "zod";
import { roles } from "../capabilities.ts";
import {
  defineEndpoint,
  page,
  paging,
  queryFlag,
  shownCharacters,
  shownCharactersText,
  shownName,
  slug,
  timestamp,
} from "../endpoint.ts";

const role = z.enum(roles);
const namedOrganization = z.object({ id: z.uuid(), slug, name: z.string() });

const email = z.string().trim().max(254).pipe(z.email());

/** One person's role in one organization. */
export const member = z.object({
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string(), deactivatedAt: timestamp.nullable() }),
  /** The organization in which the role was granted. */
  organization: namedOrganization,
  role,
  /** Granted in a parent organization and effective here; it can only be changed there. */
  inherited: z.boolean(),
  hasPassword: z.boolean(),
  /** Linked to an account at an OpenID Connect provider. */
  hasIdentity: z.boolean(),
  lastActiveAt: timestamp.nullable(),
  joinedAt: timestamp,
});
export type Member = z.infer<typeof member>;

export const memberDetail = z.object({
  user: member.shape.user,
  hasPassword: z.boolean(),
  /** Linked to an account at an OpenID Connect provider. */
  hasIdentity: z.boolean(),
  lastActiveAt: timestamp.nullable(),
  /** Memberships in organizations visible to the reader; `elsewhere` is the number of others. */
  memberships: z.array(z.object({ organization: namedOrganization, role, joinedAt: timestamp })),
  elsewhere: z.number().int(),
  /** Null if the reader may deactivate this person, otherwise the reason why not. */
  deactivationRefusal: z.string().nullable(),
});
export type MemberDetail = z.infer<typeof memberDetail>;

export const listMembers = defineEndpoint({
  method: "GET",
  path: "/members",
  summary: "List members by role and name, including roles inherited from parent organizations",
  access: "access:read",
  query: z.strictObject({
    ...paging,
    includeChildren: queryFlag,
    role: role.optional(),
    /** Part of the name or e-mail address. */
    q: z.string().trim().max(100).regex(shownCharacters, shownCharactersText).optional(),
  }),
  response: page(member),
});

export const readMember = defineEndpoint({
  method: "GET",
  path: "/members/:userId",
  summary: "Get a member with all memberships visible to the caller",
  access: "access:read",
  params: z.strictObject({ userId: z.uuid() }),
  response: memberDetail,
});

export const updateMember = defineEndpoint({
  method: "PATCH",
  path: "/members/:userId",
  summary: "Change a member's role; effective from the member's next request",
  access: "access:manage",
  action: "access.member.update",
  keeps: ["role"],
  stepUp: "when the role is above viewer",
  params: z.strictObject({ userId: z.uuid() }),
  /** `currentRole` is the role the caller saw; the update fails if someone else has changed it since. */
  body: z.strictObject({ role, currentRole: role }),
  response: member,
});

export const deleteMember = defineEndpoint({
  method: "DELETE",
  path: "/members/:userId",
  summary: "Remove a person from the organization; the account remains",
  access: "access:manage",
  action: "access.member.delete",
  keeps: ["role"],
  params: z.strictObject({ userId: z.uuid() }),
  response: z.null(),
  status: 204,
});

export const deactivateMember = defineEndpoint({
  method: "POST",
  path: "/members/:userId/deactivate",
  summary: "Deactivate an account and end its sessions; the caller must administer all of its memberships",
  access: "access:manage",
  action: "access.member.deactivate",
  keeps: ["account"],
  params: z.strictObject({ userId: z.uuid() }),
  response: memberDetail,
});

export const reactivateMember = defineEndpoint({
  method: "POST",
  path: "/members/:userId/reactivate",
  summary: "Reactivate an account; its previous sessions stay ended",
  access: "access:manage",
  action: "access.member.reactivate",
  keeps: ["account"],
  stepUp: true,
  params: z.strictObject({ userId: z.uuid() }),
  response: memberDetail,
});

export const invitation = z.object({
  id: z.uuid(),
  organization: namedOrganization,
  email: z.string(),
  role,
  invitedBy: z.string(),
  createdAt: timestamp,
  expiresAt: timestamp,
  /** When the link was first opened. */
  openedAt: timestamp.nullable(),
});
export type Invitation = z.infer<typeof invitation>;

/**
 * `path` contains the one-time secret after `#`, which browsers never send to servers; it is shown only once.
 */
export const invitationLink = invitation.extend({
  path: z.string(),
  /** Whether it was also sent by e-mail. */
  isMailed: z.boolean(),
});
export type InvitationLink = z.infer<typeof invitationLink>;

export const listInvitations = defineEndpoint({
  method: "GET",
  path: "/invitations",
  summary: "List pending invitations, newest first, including expired ones",
  access: "access:read",
  query: z.strictObject({ ...paging, includeChildren: queryFlag }),
  response: page(invitation),
});

export const createInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations",
  summary: "Invite a person with a link that works once within 7 days",
  access: "access:manage",
  action: "access.invitation.create",
  keeps: ["email", "role", "expiresAt"],
  stepUp: "when the role is above viewer",
  body: z.strictObject({ email, role }),
  response: invitationLink,
  status: 201,
});

export const renewInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations/:id/link",
  summary: "Create a new link for an invitation; the previous link stops working",
  access: "access:manage",
  action: "access.invitation.renew",
  keeps: ["expiresAt"],
  stepUp: true,
  params: z.strictObject({ id: z.uuid() }),
  response: invitationLink,
});

export const deleteInvitation = defineEndpoint({
  method: "DELETE",
  path: "/invitations/:id",
  summary: "Revoke an invitation",
  access: "access:manage",
  action: "access.invitation.delete",
  keeps: ["email", "role"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});

const invitationToken = z.string().min(1).max(200);

/** The invitation as shown to the holder of its link. */
export const invitationOffer = z.object({
  organization: z.object({ slug, name: z.string() }),
  role,
  email: z.string(),
  invitedBy: z.string(),
  expiresAt: timestamp,
  /** `existing`: the address has an account, so accepting requires its password or session. */
  account: z.enum(["new", "existing"]),
});
export type InvitationOffer = z.infer<typeof invitationOffer>;

export const openInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations/open",
  summary: "Get an invitation by its link; the first opening is recorded",
  access: "public",
  action: "access.invitation.open",
  keeps: [],
  body: z.strictObject({ token: invitationToken }),
  response: invitationOffer,
});

export const acceptInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations/accept",
  summary: "Accept an invitation, with a name and a new password or with the existing account of the address",
  access: "public",
  action: "access.invitation.accept",
  keeps: ["role", "account"],
  body: z.strictObject({
    token: invitationToken,
    /** Required for a new account. */
    name: shownName.optional(),
    /** New password for a new account, otherwise the existing one; not needed if the account is signed in. */
    password: z.string().min(1).max(1024).optional(),
  }),
  response: z.object({ organization: z.object({ slug, name: z.string() }) }),
});

export const organizationNode = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  parentId: z.uuid().nullable(),
  /** 0 for the requested organization, 1 for its children. */
  level: z.number().int(),
  members: z.number().int(),
  createdAt: timestamp,
});
export type OrganizationNode = z.infer<typeof organizationNode>;

export const listOrganizations = defineEndpoint({
  method: "GET",
  path: "/organizations",
  summary:
    "List the organization and all organizations below it, parents before children; the platform sees all",
  access: "access:read",
  query: z.strictObject(paging),
  response: page(organizationNode),
});

export const createOrganization = defineEndpoint({
  method: "POST",
  path: "/organizations",
  summary: "Create an organization below this one; a superadmin in the platform creates a new root",
  access: "access:manage",
  action: "access.organization.create",
  keeps: ["name", "slug", "parent"],
  body: z.strictObject({ name: shownName, slug }),
  response: organizationNode,
  status: 201,
});

export const updateOrganization = defineEndpoint({
  method: "PATCH",
  path: "/organizations/:id",
  summary: "Rename this organization or one below it",
  access: "access:manage",
  action: "access.organization.update",
  keeps: ["name"],
  params: z.strictObject({ id: z.uuid() }),
  body: z.strictObject({ name: shownName }),
  response: organizationNode,
});
