import { useQuery } from "@tanstack/react-query";
import type { ApiToken } from "@wheelhouse/shared/access/tokens.ts";
import { useState } from "react";
import { formatDate } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "../access.module.css";
import { tokensQuery, useRevokeToken } from "../queries.ts";
import { ScopeWords } from "./scope-words.tsx";
import { CreateTokenDialog } from "./token-dialog.tsx";
import { tokenWarning } from "./token-warning.ts";

const LastUsed = ({ token }: { token: ApiToken }) => {
  const warns = tokenWarning(token, useMinute()) === "unused";
  if (token.lastUsedAt === null) return <span className={warns ? "tx-warn" : "c3"}>never</span>;
  return (
    <span className={warns ? "tx-warn" : ""}>
      <Age at={token.lastUsedAt} suffix="ago" short />
    </span>
  );
};

const Ends = ({ token }: { token: ApiToken }) => {
  const { zone } = usePreferences();
  const warning = tokenWarning(token, useMinute());
  if (token.state === "suspended") return <span className="tx-warn">suspended</span>;
  if (token.expiresAt === null) return "never";
  const isWarned = warning === "ends" || warning === "expired";
  return (
    <span className={isWarned ? "tx-warn b" : ""}>
      {warning === "expired" ? "expired" : formatDate(token.expiresAt, zone)}
    </span>
  );
};

const byWhom: Column<ApiToken> = {
  id: "by",
  header: "Created by",
  className: "cut c2",
  cell: ({ createdBy }) => createdBy.name,
};

const columnsOf = (onRevoke: ((token: ApiToken) => void) | null, isWide: boolean): Column<ApiToken>[] => [
  {
    id: "token",
    header: "Token, permissions",
    card: "title",
    className: `cut ${css.colToken}`,
    cell: ({ name, prefix, capabilities }) => (
      <span className="two">
        <span className="cut">
          <b>{name}</b> <span className="mono c3">{prefix}…</span>
        </span>
        <small className="cut">
          <ScopeWords capabilities={capabilities} />
        </small>
      </span>
    ),
  },
  {
    id: "used",
    header: "Last used",
    num: true,
    card: "detail",
    className: "c2",
    cell: (token) => <LastUsed token={token} />,
  },
  ...(isWide ? [byWhom] : []),
  {
    id: "ends",
    header: "Expires",
    num: true,
    card: "age",
    className: "c2",
    cell: (token) => <Ends token={token} />,
  },
  ...(onRevoke === null
    ? []
    : [
        {
          id: "acts",
          header: <span className="vh">Actions</span>,
          num: true,
          card: "badge" as const,
          className: css.colAct,
          cell: (token: ApiToken) => (
            <Button variant="ghost" aria-label={`Revoke token ${token.name}`} onClick={() => onRevoke(token)}>
              Revoke…
            </Button>
          ),
        },
      ]),
];

const RevokeDialog = (props: { organization: string; token: ApiToken; onClose: () => void }) => {
  const { organization, token, onClose } = props;
  const revoke = useRevokeToken(organization, token.id);
  return (
    <ConfirmDialog
      title={`Revoke token ${token.name}`}
      confirm="Revoke token"
      foot="Revoking a token cannot be undone."
      isDestructive
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Facts
        facts={[
          { label: "Token", value: <span className="mono">{token.prefix}…</span> },
          { label: "Last used", value: <LastUsed token={token} /> },
          { label: "Effect", value: "programs that use it get 401 from their next call on" },
        ]}
      />
    </ConfirmDialog>
  );
};

const verdict = (tokens: readonly ApiToken[], nowMs: number): string => {
  const warned = (kind: string) => tokens.filter((token) => tokenWarning(token, nowMs) === kind).length;
  const parts = [
    [warned("unused"), "unused for 90 days"],
    [warned("ends"), "expiring within 7 days"],
    [warned("expired"), "expired"],
    [warned("suspended"), "suspended with their creator"],
  ] as const;
  return parts.flatMap(([count, text]) => (count === 0 ? [] : [`${count} ${text}`])).join(", ");
};

/** API tokens of the organization, without their secrets, which are not stored. */
export const TokensSection = (props: { organization: string; canManage: boolean; isWide?: boolean }) => {
  const { organization, canManage, isWide = false } = props;
  const query = useQuery(tokensQuery(organization));
  const nowMs = useMinute();
  const [isCreating, setIsCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  const rows = query.data?.items ?? [];
  const warnings = verdict(rows, nowMs);
  return (
    <section aria-label="API tokens">
      <div className={css.head}>
        <h2 className="h">API tokens</h2>
        <span className={`t12 grow ${warnings === "" ? "c3" : "tx-warn"}`}>
          {warnings === "" && rows.length > 0 ? "each used in the last 90 days" : warnings}
        </span>
        {canManage && <Button onClick={() => setIsCreating(true)}>Create token…</Button>}
      </div>
      <Panel
        name="API tokens"
        query={query}
        skeletonRows={2}
        isEmpty={() => rows.length === 0}
        empty={
          <p className={`c2 ${css.none}`}>
            No tokens yet. Platforms use tokens to report events, scripts to call the API.
          </p>
        }
      >
        {() => (
          <Table
            caption="API tokens"
            className={`cards ${css.tokens}`}
            columns={columnsOf(canManage ? setRevoking : null, isWide)}
            rows={rows}
            keyOf={({ id }) => id}
          />
        )}
      </Panel>
      {isCreating && <CreateTokenDialog organization={organization} onClose={() => setIsCreating(false)} />}
      {revoking !== null && (
        <RevokeDialog organization={organization} token={revoking} onClose={() => setRevoking(null)} />
      )}
    </section>
  );
};
