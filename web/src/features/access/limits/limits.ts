export { LimitsSection } from "./limits-section.tsx";
