export { OrganizationsSection } from "./organizations-section.tsx";
