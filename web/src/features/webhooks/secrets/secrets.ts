export { OverlapField } from "./overlap-field.tsx";
