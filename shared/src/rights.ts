import { type Capability, capabilities } from "./capabilities.ts";
import { endpoints } from "./endpoints.ts";

/** Rights that some endpoint asks for. The others do nothing yet, so nobody is shown or given them. */
export const usableCapabilities: readonly Capability[] = capabilities.filter((capability) =>
  endpoints.some(({ access }) => access === capability),
);

/** What only a person may do: let others in, put a name under a review, and connect to any server. */
const ofPersons: readonly Capability[] = ["access:manage", "audit:sign-off", "sources:connect"];

/** Capabilities that a token can carry; never more than its creator has at the moment of use. */
export const tokenCapabilities: readonly Capability[] = usableCapabilities.filter(
  (capability) => !ofPersons.includes(capability),
);
