import type { SessionEntry } from "@wheelhouse/shared/access/sessions.ts";
import { useMemo } from "react";
import { Button } from "#ui/page/button.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./account.module.css";
import { deviceOf } from "./device.ts";

const columnsOf = (isBusy: boolean, onEnd: (session: SessionEntry) => void): Column<SessionEntry>[] => [
  {
    id: "device",
    header: "Device",
    card: "title",
    className: "cut",
    cell: (row) => (
      <span title={row.userAgent ?? undefined}>
        {deviceOf(row.userAgent)}
        {row.current && <b className="c2"> · this session</b>}
      </span>
    ),
  },
  {
    id: "address",
    header: "Address",
    card: "detail",
    className: `cut c2 ${css.colAddress}`,
    cell: (row) => <span className="mono">{row.address ?? "unknown"}</span>,
  },
  {
    id: "since",
    header: "Signed in",
    drop: "first",
    className: `c2 ${css.colAge}`,
    cell: (row) => (
      <>
        <Age at={row.createdAt} suffix="ago" />
        {row.signedInBy === "oidc" && " with single sign-on"}
      </>
    ),
  },
  {
    id: "seen",
    header: "Last seen",
    card: "badge",
    className: `c2 ${css.colAge}`,
    cell: (row) => <Age at={row.lastSeenAt} suffix="ago" />,
  },
  {
    id: "acts",
    header: <span className="vh">Actions</span>,
    num: true,
    card: "age",
    className: css.colActs,
    cell: (row) =>
      row.current ? null : (
        <Button
          variant="ghost"
          disabled={isBusy}
          aria-label={`End the session on ${deviceOf(row.userAgent)}, ${row.address ?? "unknown address"}`}
          onClick={() => onEnd(row)}
        >
          End
        </Button>
      ),
  },
];

/** Where a person is signed in. The current session has no End button; it ends by signing out. */
export const SessionList = (props: {
  caption: string;
  sessions: readonly SessionEntry[];
  isBusy: boolean;
  onEnd: (session: SessionEntry) => void;
}) => {
  const { caption, sessions, isBusy, onEnd } = props;
  const columns = useMemo<Column<SessionEntry>[]>(() => columnsOf(isBusy, onEnd), [isBusy, onEnd]);
  return <Table caption={caption} columns={columns} rows={sessions} keyOf={(row) => row.id} />;
};
