import { type Capability, capabilities } from "./capabilities.ts";
import { endpoints } from "./endpoints.ts";

/**
 * Capabilities that at least one endpoint requires. The others have no effect yet, so they are neither shown
 * nor granted.
 */
export const usableCapabilities: readonly Capability[] = capabilities.filter((capability) =>
  endpoints.some(({ access }) => access === capability),
);

/** Only people can invite others, sign off a review, or connect to arbitrary servers. */
const ofPersons: readonly Capability[] = ["access:manage", "audit:sign-off", "sources:connect"];

/**
 * Capabilities that a token can have. In use, a token is also limited to what its creator may do at that
 * moment.
 */
export const tokenCapabilities: readonly Capability[] = usableCapabilities.filter(
  (capability) => !ofPersons.includes(capability),
);
