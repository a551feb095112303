export { MemberSessions } from "./member-sessions.tsx";
export { SessionsSection } from "./sessions-section.tsx";
