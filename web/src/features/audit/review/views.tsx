import * as Menu from "@radix-ui/react-dropdown-menu";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type AuditView, createAuditView, deleteAuditView } from "@wheelhouse/shared/audit/views.ts";
import { type SubmitEvent, useState } from "react";
import { call } from "#lib/api/api.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Failure, type PanelQuery } from "#ui/page/panel.tsx";
import { auditFilterCount, storedFilter } from "../filter.ts";
import { auditViewsQuery } from "../queries.ts";
import css from "../review.module.css";
import type { AuditSearch } from "../search.ts";
import { shownView, viewsLabel } from "./shown-view.ts";

type Address = PageAddress<AuditSearch>;

type NewView = { name: string; shared: boolean; filter: ReturnType<typeof storedFilter> };

const useSaveView = (organization: string, onSaved: () => void) => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewView) => call(createAuditView, { body }, { organization }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: auditViewsQuery(organization).queryKey });
      onSaved();
    },
  });
};

const SaveDialog = ({
  organization,
  search,
  onClose,
}: {
  organization: string;
  search: AuditSearch;
  onClose: () => void;
}) => {
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const save = useSaveView(organization, onClose);
  const errors = fieldErrors(save.error);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (name.trim() !== "" && !save.isPending)
      save.mutate({ name: name.trim(), shared, filter: storedFilter(search) });
  };
  return (
    <Dialog
      title="Save this filter as a view"
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button
            large
            variant="primary"
            type="submit"
            form="save-view"
            disabled={name.trim() === "" || save.isPending}
          >
            Save view
          </Button>
        </>
      }
    >
      <form noValidate id="save-view" onSubmit={submit}>
        <FormField label="Name" error={errors.get("name")} hint="Views do not include a time range.">
          {(control) => (
            <input
              {...control}
              className="field"
              maxLength={80}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </FormField>
        <label className={css.check}>
          <Checkbox checked={shared} onChange={(event) => setShared(event.target.checked)} />
          Share with everyone who can read this trail
        </label>
      </form>
      {save.error !== null && !errors.has("name") && (
        <ActError title="The view was not saved." error={save.error} />
      )}
    </Dialog>
  );
};

const ViewItems = (props: {
  query: PanelQuery<{ items: readonly AuditView[] }>;
  current: AuditView | undefined;
  onOpen: (view: AuditView) => void;
}) => {
  const { query, current, onOpen } = props;
  const views = query.data?.items ?? [];
  return (
    <>
      {query.error !== null && (
        <Failure name="The views" error={query.error} onRetry={query.refetch} isFetching={query.isFetching} />
      )}
      {query.data !== undefined && views.length === 0 && (
        <p className={`c3 ${css.noView}`}>No saved views yet.</p>
      )}
      {views.map((view) => (
        <Menu.Item
          key={view.id}
          className={view === current ? "it on" : "it"}
          textValue={view.name}
          onSelect={() => onOpen(view)}
        >
          <span className="grow cut">{view.name}</span>
          <span className="c3 t12">
            {view.shared ? (view.isMine ? "shared by me" : view.ownerName) : "mine"}
          </span>
        </Menu.Item>
      ))}
    </>
  );
};

/** Saved filters: one's own and those shared in the organization, open as soon as they are rendered. */
export const AuditViewsMenu = ({ organization, address }: { organization: string; address: Address }) => {
  const { search } = address;
  const client = useQueryClient();
  const query = useQuery(auditViewsQuery(organization));
  const [isSaving, setIsSaving] = useState(false);
  const current = shownView(query.data?.items, search);
  const remove = useMutation({
    mutationFn: (id: string) => call(deleteAuditView, { params: { id } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: auditViewsQuery(organization).queryKey }),
  });
  const open = ({ filter }: AuditView) => address.go({ ...filter, from: search.from, to: search.to });
  return (
    <>
      <Menu.Root modal={false} defaultOpen>
        <Menu.Trigger asChild>
          <Button>{viewsLabel(current)}</Button>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content className={`menu ${css.viewMenu}`} align="end" sideOffset={4} loop>
            <div className="hd">
              <span>Views</span>
            </div>
            <ViewItems query={query} current={current} onOpen={open} />
            <hr />
            <Menu.Item
              className="it"
              disabled={auditFilterCount(storedFilter(search)) === 0}
              onSelect={() => setIsSaving(true)}
            >
              Save this filter…
            </Menu.Item>
            {current?.isMine === true && (
              <Menu.Item className="it" onSelect={() => remove.mutate(current.id)}>
                Delete “{current.name}”
              </Menu.Item>
            )}
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      {isSaving && (
        <SaveDialog organization={organization} search={search} onClose={() => setIsSaving(false)} />
      )}
    </>
  );
};
