export { createLimits, type Limits } from "./service.ts";
export { createSignInLimit, type SignInLimit } from "./sign-in-limit.ts";
export { createSwitchLimit, type SwitchLimit } from "./switch-limit.ts";
