import { statfs } from "node:fs/promises";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Measured } from "./evaluation/evaluation.ts";
import type { SignalSource } from "./signals.ts";

const minute = 60_000;
const of = (kind: string, entity: string, metric: string, value: number | null): Measured => ({
  organizationId: platformOrganization.id,
  kind,
  entity,
  metrics: [metric],
  values: [value],
});

type OwnSignalsNeeds = {
  /** Where Wheelhouse keeps its data. */
  dataDir: string;
  /** Failed sign-ins of the last 15 minutes. */
  failedSignIns(): Promise<number>;
};

/** Wheelhouse's own condition, beyond what it observes as a service. */
export const ownSignals = ({ dataDir, failedSignIns }: OwnSignalsNeeds): SignalSource[] => [
  {
    name: "failed sign-ins",
    everyMs: minute / 2,
    read: async () => [of("access", "sign-in", "failedSignIns", await failedSignIns())],
  },
  {
    name: "own disk",
    everyMs: minute,
    async read() {
      const { blocks, bavail } = await statfs(dataDir);
      return [of("wheelhouse", "disk", "usedDiskRatio", blocks === 0 ? null : 1 - bavail / blocks)];
    },
  },
];
