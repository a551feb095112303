/** The part that the fleet uses; the package includes no types. */
declare module "opossum-prometheus" {
  import type { Registry } from "prom-client";
  export default class PrometheusMetrics {
    constructor(options: { registry: Registry; circuits?: readonly object[] });
  }
}
