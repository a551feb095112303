export { createLimits, type Limits } from "./service.ts";
export { createSignInLimit, type SignInLimit } from "./sign-in-limit.ts";
