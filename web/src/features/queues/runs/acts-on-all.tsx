import { Link, useNavigate } from "@tanstack/react-router";
import {
  type JobRunAct,
  type JobRunFilter,
  jobRunActs,
  jobRunStates,
  statesOfAct,
} from "@wheelhouse/shared/queues/runs.ts";
import { Suspense, useState } from "react";
import { onDemand } from "#lib/on-demand.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { Button } from "#ui/page/button.tsx";
import { actWords } from "./view.ts";

const JobRunPlanDialog = onDemand(async () => ({
  default: (await import("./plan-dialog.tsx")).JobRunPlanDialog,
}));

type Target = { id: string; name: string };

/** Asks for the queue that all jobs move to. */
const MoveDialog = (props: {
  targets: readonly Target[];
  onTarget: (id: string) => void;
  onClose: () => void;
}) => {
  const { targets, onTarget, onClose } = props;
  const [to, setTo] = useState(targets[0]?.id ?? "");
  return (
    <Dialog
      title="Move all jobs"
      onClose={onClose}
      footer={
        <>
          <span className="c2 t12 grow">Many jobs move within one Redis server.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="primary" disabled={to === ""} onClick={() => onTarget(to)}>
            Plan the move…
          </Button>
        </>
      }
    >
      {targets.length === 0 ? (
        <p className="c2">There is no other queue on this server.</p>
      ) : (
        <FormField label="To queue">
          {(control) => (
            <Select {...control} value={to} onChange={({ target }) => setTo(target.value)}>
              {targets.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </FormField>
      )}
    </Dialog>
  );
};

/** Plans an act on all jobs of a state, as they are at that moment. */
export const ActsOnAll = (props: {
  organization: string;
  queue: string;
  state: string;
  total: number;
  /** Other queues of the same server. */
  targets: readonly Target[];
}) => {
  const { organization, queue, targets, total } = props;
  const navigate = useNavigate();
  const [filter, setFilter] = useState<JobRunFilter | "move" | null>(null);
  const state = jobRunStates.find((each) => each === props.state);
  if (state === undefined || total === 0) return null;
  const acts = jobRunActs.filter((act) => statesOfAct[act].includes(state));
  const close = () => setFilter(null);
  const choose = (act: JobRunAct) => setFilter(act === "move" ? "move" : { act, queue, state });
  return (
    <>
      <Link className="link" to="/o/$org/queues/runs" params={{ org: organization }} search={{ queue }}>
        Runs
      </Link>
      {acts.map((act) => (
        <Button key={act} onClick={() => choose(act)}>
          {actWords[act].verb} all…
        </Button>
      ))}
      {filter === "move" && (
        <MoveDialog
          targets={targets}
          onTarget={(to) => setFilter({ act: "move", queue, state, to })}
          onClose={close}
        />
      )}
      {filter !== null && filter !== "move" && (
        <Suspense fallback={null}>
          <JobRunPlanDialog
            organization={organization}
            filter={filter}
            onClose={close}
            onStarted={(run) =>
              void navigate({ to: "/o/$org/queues/runs", params: { org: organization }, search: { run } })
            }
          />
        </Suspense>
      )}
    </>
  );
};
