export { holdsAddress } from "./addresses.ts";
export {
  type Configuration,
  createConfiguration,
  type Disabled,
  endpointView,
  pageOf,
  place,
  staleVersion,
} from "./configuration.ts";
export {
  type ConfigurationStore,
  createConfigurationStore,
  type EndpointRow,
  endpointColumns,
} from "./configuration-store.ts";
export { type EndpointTerms, endpointPurpose, openTerms, type StoredTerms } from "./endpoint-terms.ts";
export { assertHead } from "./heads.ts";
export { jsonScalar } from "./json-field.ts";
export {
  createDirectory,
  type Directory,
  type IntakeTarget,
  publicKeyOf,
  sourcePurpose,
} from "./lookup.ts";
export { matches } from "./matching.ts";
export { type Proof, readRequest, verifyRequest } from "./senders.ts";
export { signStandard } from "./signature.ts";
export { rejected, type SignedRequest } from "./signed-request.ts";
export { createSources, type Sources } from "./source-service.ts";
export { createSourceStore } from "./source-store.ts";
