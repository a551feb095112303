import type { OrganizationNode } from "@wheelhouse/shared/access-members.ts";
import { useState } from "react";
import { useSession } from "#lib/session.ts";
import { FormDialog } from "#ui/form-dialog.tsx";
import { FormField } from "#ui/form-field.tsx";
import { useCreateOrganization, useRenameOrganization } from "./access-queries.ts";

/** A short name for a name: lower-case letters, digits and inner hyphens. */
const slugFor = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");

export const CreateOrganizationDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const { organization: here } = useSession(organization);
  const create = useCreateOrganization(organization);
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const shownSlug = slug ?? slugFor(name);
  return (
    <FormDialog
      title={here.slug === "platform" ? "Create a root organization" : `Create one below ${here.name}`}
      confirm="Create 1 organization"
      foot="The short name and the place in the tree stay for good."
      failure="No organization was created."
      fields={["name", "slug"]}
      error={create.error}
      isReady={name.trim() !== "" && shownSlug !== ""}
      isBusy={create.isPending}
      onSubmit={() => create.mutate({ name: name.trim(), slug: shownSlug }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <FormField label="Name" error={complaint("name")}>
            {(control) => (
              <input
                {...control}
                className="field"
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </FormField>
          <FormField
            label="Short name"
            hint="In addresses: lower-case letters, digits and inner hyphens"
            error={complaint("slug")}
          >
            {(control) => (
              <input
                {...control}
                className="field mono"
                maxLength={63}
                value={shownSlug}
                onChange={(event) => setSlug(event.target.value)}
              />
            )}
          </FormField>
        </>
      )}
    </FormDialog>
  );
};

export const RenameOrganizationDialog = (props: {
  organization: string;
  node: OrganizationNode;
  onClose: () => void;
}) => {
  const { organization, node, onClose } = props;
  const rename = useRenameOrganization(organization, node.id);
  const [name, setName] = useState(node.name);
  return (
    <FormDialog
      title={`Rename ${node.name}`}
      confirm="Rename 1 organization"
      foot={`Addresses keep the short name ${node.slug}.`}
      failure="The organization was not renamed."
      fields={["name"]}
      error={rename.error}
      isReady={name.trim() !== "" && name.trim() !== node.name}
      isBusy={rename.isPending}
      onSubmit={() => rename.mutate(name.trim(), { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <FormField label="Name" error={complaint("name")}>
            {(control) => (
              <input
                {...control}
                className="field"
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </FormField>
        </>
      )}
    </FormDialog>
  );
};
