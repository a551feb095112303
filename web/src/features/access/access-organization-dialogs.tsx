import type { OrganizationNode } from "@wheelhouse/shared/access-members.ts";
import { useState } from "react";
import { useSession } from "#lib/session.ts";
import { Button } from "#ui/button.tsx";
import { ActError } from "#ui/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form-field.tsx";
import css from "./access.module.css";
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
  const errors = fieldErrors(create.error);
  const shownSlug = slug ?? slugFor(name);
  return (
    <Dialog
      title={here.slug === "platform" ? "Create a root organization" : `Create one below ${here.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">The short name and the place in the tree stay for good.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            type="submit"
            form="create-organization"
            disabled={create.isPending || name.trim() === "" || shownSlug === ""}
          >
            Create 1 organization
          </Button>
        </>
      }
    >
      <form
        id="create-organization"
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate({ name: name.trim(), slug: shownSlug }, { onSuccess: onClose });
        }}
      >
        <FormField label="Name" error={errors.get("name")}>
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
          error={errors.get("slug")}
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
      </form>
      {create.error !== null && errors.size === 0 && (
        <ActError title="No organization was created." error={create.error} />
      )}
    </Dialog>
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
  const errors = fieldErrors(rename.error);
  return (
    <Dialog
      title={`Rename ${node.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">Addresses keep the short name {node.slug}.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            type="submit"
            form="rename-organization"
            disabled={rename.isPending || name.trim() === "" || name.trim() === node.name}
          >
            Rename 1 organization
          </Button>
        </>
      }
    >
      <form
        id="rename-organization"
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate(name.trim(), { onSuccess: onClose });
        }}
      >
        <FormField label="Name" error={errors.get("name")}>
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
      </form>
      {rename.error !== null && errors.size === 0 && (
        <ActError title="The organization was not renamed." error={rename.error} />
      )}
    </Dialog>
  );
};
