export { InvitationsSection } from "./invitations-section.tsx";
export { MemberDrawer } from "./member-drawer.tsx";
export { MembersSection } from "./members-section.tsx";
