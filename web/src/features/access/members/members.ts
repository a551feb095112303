export { InvitationsSection } from "./invitations-section.tsx";
export { MembersSection } from "./members-section.tsx";
export { MemberDrawer } from "./on-demand.ts";
