export {
  type Configuration,
  createConfiguration,
  endpointView,
  pageOf,
  place,
  staleVersion,
} from "./configuration.ts";
export { createConfigurationStore, type EndpointRow, endpointColumns } from "./configuration-store.ts";
export { createDirectory, type Directory, endpointPurpose, sourcePurpose } from "./lookup.ts";
export { type SignatureScheme, type SignedRequest, signStandard, verifySignature } from "./signature.ts";
