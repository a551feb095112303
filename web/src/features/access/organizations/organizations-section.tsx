import { useQuery } from "@tanstack/react-query";
import type { OrganizationNode } from "@wheelhouse/shared/access/members.ts";
import { useState } from "react";
import { formatDate, formatPlural } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import css from "../access.module.css";
import { organizationsQuery } from "../queries.ts";
import { CreateOrganizationDialog, RenameOrganizationDialog } from "./organization-dialogs.tsx";

const Since = ({ at }: { at: string }) => <time dateTime={at}>{formatDate(at, usePreferences().zone)}</time>;

const columnsOf = (onRename: ((node: OrganizationNode) => void) | null): Column<OrganizationNode>[] => [
  {
    id: "name",
    header: "Organization",
    card: "title",
    className: "cut",
    cell: ({ name, slug, level }) => (
      <span
        className={level === 0 ? undefined : css.below}
        style={{ marginLeft: Math.max(level - 1, 0) * 20 }}
      >
        <b>{name}</b> <span className="c3 t12">{slug}</span>
      </span>
    ),
  },
  {
    id: "members",
    header: "Members",
    num: true,
    card: "detail",
    className: `c2 ${css.colMembers}`,
    cell: ({ members }) => formatPlural(members, "member"),
  },
  {
    id: "since",
    header: "Since",
    className: `c2 ${css.colSince}`,
    cell: ({ createdAt }) => <Since at={createdAt} />,
  },
  ...(onRename === null
    ? []
    : [
        {
          id: "acts",
          header: <span className="vh">Actions</span>,
          num: true,
          card: "age" as const,
          className: css.colAct,
          cell: (node: OrganizationNode) => (
            <Button variant="ghost" aria-label={`Rename ${node.name}`} onClick={() => onRename(node)}>
              Rename…
            </Button>
          ),
        },
      ]),
];

/** The organization and its sub-organizations. */
export const OrganizationsSection = (props: { organization: string; canManage: boolean }) => {
  const { organization, canManage } = props;
  const query = useQuery(organizationsQuery(organization));
  const [isCreating, setIsCreating] = useState(false);
  const [renaming, setRenaming] = useState<OrganizationNode | null>(null);
  const isPlatform = organization === "platform";
  return (
    <section aria-label="Organizations">
      <div className={css.head}>
        <h2 className="h">Organizations</h2>
        <span className="t12 c3 grow">admins also manage all sub-organizations</span>
        {canManage && (
          <Button onClick={() => setIsCreating(true)}>
            {isPlatform ? "Create root organization…" : "Create sub-organization…"}
          </Button>
        )}
      </div>
      <Panel name="Organizations" query={query} skeletonRows={2}>
        {({ items }) => (
          <Table
            caption="Organization tree"
            className={`cards ${css.organizations}`}
            columns={columnsOf(canManage ? setRenaming : null)}
            rows={items}
            keyOf={({ id }) => id}
          />
        )}
      </Panel>
      {isCreating && (
        <CreateOrganizationDialog organization={organization} onClose={() => setIsCreating(false)} />
      )}
      {renaming !== null && (
        <RenameOrganizationDialog
          organization={organization}
          node={renaming}
          onClose={() => setRenaming(null)}
        />
      )}
    </section>
  );
};
