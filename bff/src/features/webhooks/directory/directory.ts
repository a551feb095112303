export { holdsAddress } from "./addresses.ts";
export {
  type Configuration,
  createConfiguration,
  endpointView,
  pageOf,
  place,
  staleVersion,
} from "./configuration.ts";
export { createConfigurationStore, type EndpointRow, endpointColumns } from "./configuration-store.ts";
export { assertHead } from "./heads.ts";
export {
  createDirectory,
  type Directory,
  endpointPurpose,
  type IntakeTarget,
  publicKeyOf,
  sourcePurpose,
} from "./lookup.ts";
export { type Proof, readRequest, verifyRequest } from "./senders.ts";
export { signStandard } from "./signature.ts";
export { rejected, type SignedRequest } from "./signed-request.ts";
export { createSources, type Sources } from "./source-service.ts";
export { createSourceStore } from "./source-store.ts";
