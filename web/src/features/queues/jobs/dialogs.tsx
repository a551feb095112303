import type { JobList } from "@wheelhouse/shared/queues/jobs.ts";
import type { Asked } from "./asked.ts";
import { ChangeDialog } from "./change-dialogs.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import { ConfirmActDialog } from "./job-dialogs.tsx";
import { QueueDialog } from "./queue-dialogs.tsx";

/** The dialog of an act. `onDone`: it was sent, and the selection has served. */
export const JobDialogs = (props: {
  organization: string;
  queue: string;
  name: string;
  asked: Asked;
  list: JobList;
  onDone: () => void;
  onClose: () => void;
}) => {
  const { organization, queue, name, asked, list, onDone, onClose } = props;
  const common = { organization, queue, onDone, onClose };
  if (asked.about === "queue") return <QueueDialog {...common} name={name} act={asked.act} list={list} />;
  const { act, jobs } = asked;
  if (act === "edit") return <EditDialog {...common} job={jobs[0]} />;
  if (act === "delay" || act === "priority" || act === "move")
    return <ChangeDialog {...common} act={act} jobs={jobs} />;
  return <ConfirmActDialog {...common} act={act} jobs={jobs} />;
};
