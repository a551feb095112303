import { formatCount, formatPlural } from "#lib/format.ts";
import { Note } from "#ui/page/note.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Count } from "#ui/text/quantity.tsx";
import styles from "./queues.module.css";
import type { OtherQueue, QueuesState } from "./views.ts";

const columns: readonly Column<OtherQueue>[] = [
  {
    id: "name",
    header: "Queue",
    className: `two ${styles.first} ${styles.stacked}`,
    card: "title",
    cell: ({ name, key, reason }) => (
      <>
        <span className={styles.name}>{name}</span>
        {key !== name && <small className="mono">{key}</small>}
        <small className={`only-phone ${styles.wraps}`}>{reason}</small>
      </>
    ),
  },
  { id: "system", header: "System", card: "badge", cell: ({ system }) => system },
  {
    id: "depth",
    header: "Length",
    num: true,
    card: "detail",
    cell: ({ depth }) => (
      <>
        <Count value={depth} />
        <span className={`only-phone ${styles.unit}`}> waiting</span>
      </>
    ),
  },
  { id: "source", header: "Redis", drop: "second", cell: ({ source }) => source },
  {
    id: "reason",
    header: "What is known",
    className: styles.reason ?? "",
    drop: "first",
    cell: ({ reason }) => reason,
  },
];

const keyOf = ({ id }: OtherQueue): string => id;
const quiet = (): string => "quiet";

/** Queues of other systems than BullMQ: lists with their length, all others by name. */
export const OtherQueues = ({ others, left }: { others: readonly OtherQueue[]; left: number }) =>
  others.length === 0 ? null : (
    <>
      <div className={`sum pad ${styles.workers}`}>
        <h2 className="h">Queues of other systems</h2>
        <span>
          {formatPlural(others.length, "queue")}
          {left > 0 && `, ${formatCount(left)} more not listed`}
        </span>
        <span className="c3">Recognized by their keys. Lengths of lists are read every 5 s</span>
      </div>
      <Table
        caption="Queues of other systems, by name"
        className="cards"
        columns={columns}
        rows={others}
        keyOf={keyOf}
        rowClass={quiet}
      />
    </>
  );

/** Servers on which queues may be missing from the list, each with its own reason. */
export const Undiscovered = ({ servers }: { servers: QueuesState["undiscovered"] }) =>
  servers.length === 0 ? null : (
    <div className={styles.undiscovered}>
      <Note
        tone="warn"
        title={`Queues of ${servers.map(({ name }) => name).join(", ")} may be missing here.`}
      >
        {servers.map(({ source, name, cause }) => (
          <div key={source}>
            {servers.length > 1 && `${name}: `}
            {cause}
          </div>
        ))}
      </Note>
    </div>
  );
