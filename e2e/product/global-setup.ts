import { startIdentityProvider } from "./identity-provider.ts";
import { type Product, startProduct } from "./product.ts";

/**
 * One product for all journeys of a run. `E2E_BASE_URL` with `E2E_DATA_DIR` uses a running one, for work on the
 * journeys themselves.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const { E2E_BASE_URL: baseUrl, E2E_DATA_DIR: dataDir } = process.env;
  const tell = (product: Product) => {
    // Read again by every worker of the run.
    process.env.E2E_BASE_URL = product.baseUrl;
    process.env.E2E_DATA_DIR = product.dataDir;
  };
  if (baseUrl && dataDir) {
    tell({ baseUrl, dataDir });
    return async () => {};
  }
  const provider = await startIdentityProvider();
  const product = await startProduct(provider.environment);
  tell(product);
  return async () => {
    await product.stop();
    await provider.stop();
  };
}
