import { useQuery } from "@tanstack/react-query";
import type { WebhookSource } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { publicAddress } from "#lib/base-path.ts";
import { formatPlural } from "#lib/format.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { sourcesQuery, useDeleteSource } from "../queries.ts";
import css from "../webhooks.module.css";
import { CreateSourceDialog, schemeWords } from "./source-create-dialog.tsx";

const intakeUrl = (source: Pick<WebhookSource, "intakePath">): string => publicAddress(source.intakePath);

const columnsOf = (onDelete: ((source: WebhookSource) => void) | null): Column<WebhookSource>[] => [
  { id: "name", header: "Source", card: "title", className: `cut ${css.colName}`, cell: (row) => row.name },
  {
    id: "scheme",
    header: "Signature",
    card: "badge",
    className: `c2 ${css.colBreaker}`,
    cell: (row) => schemeWords[row.scheme],
  },
  {
    id: "intake",
    header: "Intake URL",
    card: "detail",
    className: "cut",
    cell: (row) => (
      <span className={`row ${css.intake}`}>
        <span className="mono cut" title={intakeUrl(row)}>
          {row.intakePath}
        </span>
        <CopyButton text={intakeUrl(row)} />
      </span>
    ),
  },
  {
    id: "secret",
    header: "Secret",
    drop: "first",
    className: `c3 ${css.colSecret}`,
    cell: (row) => <span className="mono">···· {row.secretHint}</span>,
  },
  ...(onDelete === null
    ? []
    : [
        {
          id: "acts",
          header: <span className="vh">Actions</span>,
          num: true,
          card: "age" as const,
          className: css.colActs,
          cell: (row: WebhookSource) => (
            <Button variant="ghost" onClick={() => onDelete(row)}>
              Delete…
            </Button>
          ),
        },
      ]),
];

const DeleteSourceDialog = (props: { organization: string; source: WebhookSource; onClose: () => void }) => {
  const { organization, source, onClose } = props;
  const remove = useDeleteSource(organization);
  return (
    <ConfirmDialog
      title={`Delete ${source.name}`}
      confirm="Delete source"
      foot="Deleting a source and its secret cannot be undone."
      isDestructive
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: source.id }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Intake", value: <span className="mono">{source.intakePath}</span> },
          { label: "Effect", value: "its intake URL returns 404; events already received stay in the log" },
        ]}
      />
    </ConfirmDialog>
  );
};

/** Senders of incoming events, with their intake URLs. */
export const SourcesTab = ({ organization }: { organization: string }) => {
  const query = useQuery(sourcesQuery(organization));
  const canConfigure = useCan(organization, "webhooks:configure");
  const [isCreating, setIsCreating] = useState(false);
  const [deleting, setDeleting] = useState<WebhookSource | null>(null);
  const rows = useMemo(
    () => [...(query.data?.items ?? [])].sort((a, b) => a.name.localeCompare(b.name)),
    [query.data],
  );
  const columns = columnsOf(canConfigure ? setDeleting : null);
  return (
    <>
      <div className={css.listHead}>
        <h2 className="t20 b grow">
          {rows.length === 0 ? "Sources" : `${formatPlural(rows.length, "source")} allowed to post events`}
        </h2>
        {canConfigure && (
          <Button variant="primary" onClick={() => setIsCreating(true)}>
            Create source…
          </Button>
        )}
      </div>
      <Panel
        name="Sources"
        query={query}
        isEmpty={() => rows.length === 0}
        empty={
          <Empty title="No sources yet">
            {canConfigure
              ? "A source provides an intake URL to which a provider posts events."
              : "A member with permission to configure webhooks can create one."}
          </Empty>
        }
      >
        {() => (
          <Table
            caption="Sources by name"
            className={`cards ${css.directory}`}
            columns={columns}
            rows={rows}
            keyOf={(row) => row.id}
          />
        )}
      </Panel>
      {isCreating && <CreateSourceDialog organization={organization} onClose={() => setIsCreating(false)} />}
      {deleting !== null && (
        <DeleteSourceDialog organization={organization} source={deleting} onClose={() => setDeleting(null)} />
      )}
    </>
  );
};
