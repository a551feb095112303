import type { ControlAct, ControlReply } from "@wheelhouse/shared/reporter/control.ts";
import type { ColumnType, Generated } from "kysely";

/** Tables of the operations feature; mirrors its migrations. */
export type OperationsTables = {
  operations: {
    id: Generated<string>;
    org_id: string;
    ordinal: Generated<number>;
    kind: string;
    target_id: string;
    target_name: string;
    source_id: string;
    service: string;
    act: ColumnType<ControlAct, string, never>;
    instances: string[];
    reason: string;
    actor_display: string;
    created_at: Generated<Date>;
    expires_at: ColumnType<Date, Date, never>;
    state: Generated<"accepted" | "done" | "superseded">;
    replies: ColumnType<Record<string, ControlReply>, string | undefined, string>;
    ended_at: ColumnType<Date | null, never, Date>;
  };
};
