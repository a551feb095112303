import { type Capability, capabilities } from "../capabilities.ts";

/** Only people can invite others, sign off a review, or connect to arbitrary servers. */
const ofPersons: readonly Capability[] = ["access:manage", "audit:sign-off", "sources:connect"];

/**
 * Capabilities that a token can have. In use, a token is also limited to what its creator may do at that
 * moment.
 */
export const tokenCapabilities: readonly Capability[] = capabilities.filter(
  (capability) => !ofPersons.includes(capability),
);
