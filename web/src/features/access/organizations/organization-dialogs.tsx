import type { OrganizationNode } from "@wheelhouse/shared/access/members.ts";
import { useState } from "react";
import { useSession } from "#lib/api/session.ts";
import { slugOf } from "#lib/slug.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useCreateOrganization, useRenameOrganization } from "../queries.ts";

export const CreateOrganizationDialog = (props: { organization: string; onClose: () => void }) => {
  const { organization, onClose } = props;
  const { organization: here } = useSession(organization);
  const create = useCreateOrganization(organization);
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const shownSlug = slug ?? slugOf(name);
  return (
    <FormDialog
      title={
        here.slug === "platform" ? "Create root organization" : `Create sub-organization of ${here.name}`
      }
      confirm="Create organization"
      foot="The short name and the parent organization cannot be changed later."
      failure="The organization was not created."
      fields={["name", "slug"]}
      error={create.error}
      isReady={name.trim() !== "" && shownSlug !== ""}
      isBusy={create.isPending}
      onSubmit={() => create.mutate({ name: name.trim(), slug: shownSlug }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField label="Name" maxLength={100} error={complaint("name")} value={name} onChange={setName} />
          <TextField
            label="Short name"
            hint="Used in URLs: lowercase letters, digits and inner hyphens"
            maxLength={63}
            isMono
            error={complaint("slug")}
            value={shownSlug}
            onChange={setSlug}
          />
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
      confirm="Rename organization"
      foot={`URLs keep the short name ${node.slug}.`}
      failure="The organization was not renamed."
      fields={["name"]}
      error={rename.error}
      isReady={name.trim() !== "" && name.trim() !== node.name}
      isBusy={rename.isPending}
      onSubmit={() => rename.mutate(name.trim(), { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <TextField label="Name" maxLength={100} error={complaint("name")} value={name} onChange={setName} />
      )}
    </FormDialog>
  );
};
