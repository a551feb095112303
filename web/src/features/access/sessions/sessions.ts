export { MemberSessions } from "./member-sessions.tsx";
