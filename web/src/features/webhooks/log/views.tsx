import * as Menu from "@radix-ui/react-dropdown-menu";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createDeliveryView,
  type DeliveryView,
  deleteDeliveryView,
} from "@wheelhouse/shared/webhooks/views.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Failure } from "#ui/page/panel.tsx";
import type { WebhooksSearch } from "../search.ts";
import { deliveryViewsQuery, shownView, storedFilterOf } from "./saved.ts";

type Address = PageAddress<WebhooksSearch>;

const SaveDialog = (props: { organization: string; search: WebhooksSearch; onClose: () => void }) => {
  const { organization, search, onClose } = props;
  const client = useQueryClient();
  const [name, setName] = useState("");
  const save = useMutation({
    mutationFn: () =>
      call(
        createDeliveryView,
        { body: { name: name.trim(), filter: storedFilterOf(search) } },
        { organization },
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: deliveryViewsQuery(organization).queryKey });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Save this filter as a view"
      confirm="Save view"
      foot="Only you see it. It holds no time range."
      failure="The view was not saved."
      fields={["name"]}
      error={save.error}
      isReady={name.trim() !== ""}
      isBusy={save.isPending}
      onSubmit={save.mutate}
      onClose={onClose}
    >
      {(complaint) => (
        <TextField label="Name" error={complaint("name")} maxLength={80} value={name} onChange={setName} />
      )}
    </FormDialog>
  );
};

/** Saved filters of the log, open as soon as they are rendered. */
export const ViewsMenu = ({ organization, address }: { organization: string; address: Address }) => {
  const { search } = address;
  const client = useQueryClient();
  const query = useQuery(deliveryViewsQuery(organization));
  const [isSaving, setIsSaving] = useState(false);
  const views = query.data?.items ?? [];
  const current = shownView(views, search);
  const remove = useMutation({
    mutationFn: (id: string) => call(deleteDeliveryView, { params: { id } }, { organization }),
    onSettled: () => client.invalidateQueries({ queryKey: deliveryViewsQuery(organization).queryKey }),
  });
  const open = ({ filter }: DeliveryView) => address.go({ ...filter, from: search.from, to: search.to });
  return (
    <>
      <Menu.Root modal={false} defaultOpen>
        <Menu.Trigger asChild>
          <Button>{current?.name ?? "Views"}</Button>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content className="menu" align="end" sideOffset={4} loop>
            {query.error !== null && (
              <Failure
                name="The views"
                error={query.error}
                onRetry={query.refetch}
                isFetching={query.isFetching}
              />
            )}
            {query.data !== undefined && views.length === 0 && <div className="hd">No saved views yet.</div>}
            {views.map((view) => (
              <Menu.Item
                key={view.id}
                className={view === current ? "it on" : "it"}
                textValue={view.name}
                onSelect={() => open(view)}
              >
                <span className="grow cut">{view.name}</span>
              </Menu.Item>
            ))}
            <Menu.Separator className="menu-line" />
            <Menu.Item className="it" disabled={current !== undefined} onSelect={() => setIsSaving(true)}>
              Save this filter…
            </Menu.Item>
            {current !== undefined && (
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
