import { useQuery } from "@tanstack/react-query";
import type { WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Split } from "#ui/page/page.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { sourcesQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { RedactionDialog } from "./redaction.tsx";
import { CreateSourceDialog } from "./source-create-dialog.tsx";
import { DeleteSourceDialog, EditSourceDialog, RotateSecretDialog } from "./source-dialogs.tsx";
import { type SourceAct, SourceDrawer } from "./source-drawer.tsx";
import { intakeUrl, schemeWords } from "./source-words.ts";

type Address = PageAddress<WebhooksSearch>;
type Act = { act: "create" } | { act: SourceAct; source: WebhookSource };

const actsColumn = (onDelete: (source: WebhookSource) => void): Column<WebhookSource> => ({
  id: "acts",
  header: <span className="vh">Actions</span>,
  num: true,
  card: "age",
  className: css.colActs,
  cell: (row) => (
    <Button variant="ghost" onClick={() => onDelete(row)}>
      Delete…
    </Button>
  ),
});

const columnsOf = (
  address: Address,
  onDelete: ((source: WebhookSource) => void) | null,
): Column<WebhookSource>[] => [
  {
    id: "name",
    header: "Source",
    card: "title",
    className: `cut ${css.colName}`,
    cell: (row) => (
      <AddressLink
        className="link"
        address={address}
        to={{ ...address.search, sender: row.id }}
        title="Show its address and a sample request"
      >
        {row.name}
      </AddressLink>
    ),
  },
  {
    id: "scheme",
    header: "Sender",
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
    cell: (row) => (
      <span className="mono">{row.secretHint === null ? "none" : `···· ${row.secretHint}`}</span>
    ),
  },
  ...(onDelete === null ? [] : [actsColumn(onDelete)]),
];

const Acting = (props: { organization: string; act: Act | null; onClose: () => void }) => {
  const { organization, act, onClose } = props;
  switch (act?.act) {
    case "create":
      return <CreateSourceDialog organization={organization} onClose={onClose} />;
    case "edit":
      return <EditSourceDialog organization={organization} source={act.source} onClose={onClose} />;
    case "redact":
      return <RedactionDialog organization={organization} source={act.source} onClose={onClose} />;
    case "rotate":
      return <RotateSecretDialog organization={organization} source={act.source} onClose={onClose} />;
    case "delete":
      return <DeleteSourceDialog organization={organization} source={act.source} onClose={onClose} />;
    default:
      return null;
  }
};

const Head = ({ count, onCreate }: { count: number; onCreate: (() => void) | null }) => (
  <div className={css.listHead}>
    <h2 className="t20 b grow">
      {count === 0 ? "Sources" : `${formatPlural(count, "source")} allowed to post events`}
    </h2>
    {onCreate !== null && (
      <Button variant="primary" onClick={onCreate}>
        Create source…
      </Button>
    )}
  </div>
);

/** Senders of incoming events, with their intake URLs. The URL names the one that is shown in full. */
export const SourcesTab = ({ organization, address }: { organization: string; address: Address }) => {
  const query = useQuery(sourcesQuery(organization));
  const canConfigure = useCan(organization, "webhooks:configure");
  const [act, setAct] = useState<Act | null>(null);
  const rows = useMemo(
    () => [...(query.data?.items ?? [])].sort((a, b) => a.name.localeCompare(b.name)),
    [query.data],
  );
  const shown = rows.find(({ id }) => id === address.search.sender);
  const columns = columnsOf(address, canConfigure ? (source) => setAct({ act: "delete", source }) : null);
  return (
    <>
      <Split
        drawer={
          shown !== undefined && (
            <SourceDrawer
              key={shown.id}
              source={shown}
              address={address}
              onAct={canConfigure ? (kind) => setAct({ act: kind, source: shown }) : null}
              onClose={() => address.go({ ...address.search, sender: undefined })}
            />
          )
        }
      >
        <div className={css.scroll}>
          <Head count={rows.length} onCreate={canConfigure ? () => setAct({ act: "create" }) : null} />
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
        </div>
      </Split>
      <Acting organization={organization} act={act} onClose={() => setAct(null)} />
    </>
  );
};
