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
  /** Where the role was given. */
  organization: namedOrganization,
  role,
  /** Given in an organization above, and reaching into this one; it can be changed only there. */
  inherited: z.boolean(),
  hasPassword: z.boolean(),
  /** Bound to an account at an OpenID Connect provider. */
  hasIdentity: z.boolean(),
  lastActiveAt: timestamp.nullable(),
  joinedAt: timestamp,
});
export type Member = z.infer<typeof member>;

export const memberDetail = z.object({
  user: member.shape.user,
  hasPassword: z.boolean(),
  /** Bound to an account at an OpenID Connect provider. */
  hasIdentity: z.boolean(),
  lastActiveAt: timestamp.nullable(),
  /** In the organizations that the reader may see; `elsewhere` counts the others. */
  memberships: z.array(z.object({ organization: namedOrganization, role, joinedAt: timestamp })),
  elsewhere: z.number().int(),
  /** Null when the reader may deactivate this person, otherwise why not. */
  deactivationRefusal: z.string().nullable(),
});
export type MemberDetail = z.infer<typeof memberDetail>;

export const listMembers = defineEndpoint({
  method: "GET",
  path: "/members",
  summary: "Members by role and name, with those whose role reaches in from above",
  access: "access:read",
  query: z.strictObject({
    ...paging,
    includeChildren: queryFlag,
    role: role.optional(),
    /** Part of the name or the e-mail address. */
    q: z.string().trim().max(100).regex(shownCharacters, shownCharactersText).optional(),
  }),
  response: page(member),
});

export const readMember = defineEndpoint({
  method: "GET",
  path: "/members/:userId",
  summary: "A member with all memberships that the reader may see",
  access: "access:read",
  params: z.strictObject({ userId: z.uuid() }),
  response: memberDetail,
});

export const updateMember = defineEndpoint({
  method: "PATCH",
  path: "/members/:userId",
  summary: "Give a member another role; holds from the member's next request",
  access: "access:manage",
  action: "access.member.update",
  keeps: ["role"],
  stepUp: "when the role is above viewer",
  params: z.strictObject({ userId: z.uuid() }),
  /** `currentRole` is the one the caller saw: somebody else may have changed it meanwhile. */
  body: z.strictObject({ role, currentRole: role }),
  response: member,
});

export const deleteMember = defineEndpoint({
  method: "DELETE",
  path: "/members/:userId",
  summary: "Remove a person from the organization; the account stays",
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
  summary: "Close an account whose memberships are all administered by the caller; ends its sessions",
  access: "access:manage",
  action: "access.member.deactivate",
  keeps: ["account"],
  params: z.strictObject({ userId: z.uuid() }),
  response: memberDetail,
});

export const reactivateMember = defineEndpoint({
  method: "POST",
  path: "/members/:userId/reactivate",
  summary: "Open a closed account again; its former sessions stay ended",
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
  /** When its link was first opened. */
  openedAt: timestamp.nullable(),
});
export type Invitation = z.infer<typeof invitation>;

/** `path` holds the one-time secret behind `#`, where no server and no log sees it; it is never shown again. */
export const invitationLink = invitation.extend({ path: z.string() });
export type InvitationLink = z.infer<typeof invitationLink>;

export const listInvitations = defineEndpoint({
  method: "GET",
  path: "/invitations",
  summary: "Invitations that wait for an answer, newest first, expired ones included",
  access: "access:read",
  query: z.strictObject({ ...paging, includeChildren: queryFlag }),
  response: page(invitation),
});

export const createInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations",
  summary: "Invite a person by a link that works once within 7 days",
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
  summary: "Make a new link for an invitation; the former one stops working",
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
  summary: "Withdraw an invitation",
  access: "access:manage",
  action: "access.invitation.delete",
  keeps: ["email", "role"],
  params: z.strictObject({ id: z.uuid() }),
  response: z.null(),
  status: 204,
});

const invitationToken = z.string().min(1).max(200);

/** What the holder of a link is offered. */
export const invitationOffer = z.object({
  organization: z.object({ slug, name: z.string() }),
  role,
  email: z.string(),
  invitedBy: z.string(),
  expiresAt: timestamp,
  /** `existing`: the address has an account, whose password or session is asked for. */
  account: z.enum(["new", "existing"]),
});
export type InvitationOffer = z.infer<typeof invitationOffer>;

export const openInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations/open",
  summary: "What an invitation's link offers; its first opening is recorded",
  access: "public",
  action: "access.invitation.open",
  keeps: [],
  body: z.strictObject({ token: invitationToken }),
  response: invitationOffer,
});

export const acceptInvitation = defineEndpoint({
  method: "POST",
  path: "/invitations/accept",
  summary: "Become a member: with a name and a new password, or as the account that the address has",
  access: "public",
  action: "access.invitation.accept",
  keeps: ["role", "account"],
  body: z.strictObject({
    token: invitationToken,
    /** Of a new account. */
    name: shownName.optional(),
    /** Of a new account, or the one that the existing account has; not needed by who is signed in. */
    password: z.string().min(1).max(1024).optional(),
  }),
  response: z.object({ organization: z.object({ slug, name: z.string() }) }),
});

export const organizationNode = z.object({
  id: z.uuid(),
  slug,
  name: z.string(),
  parentId: z.uuid().nullable(),
  /** 0 for the organization that was asked about, 1 for its children. */
  level: z.number().int(),
  members: z.number().int(),
  createdAt: timestamp,
});
export type OrganizationNode = z.infer<typeof organizationNode>;

export const listOrganizations = defineEndpoint({
  method: "GET",
  path: "/organizations",
  summary: "The organization and all below it, parents before children; the platform sees all",
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
