import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { onDemand } from "#lib/on-demand.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { Button } from "#ui/page/button.tsx";
import type { WebhooksSearch } from "../search.ts";
import { deliveryViewsQuery, shownView } from "./saved.ts";

const ViewsMenu = onDemand(async () => ({ default: (await import("./views.tsx")).ViewsMenu }));
const ExportDialog = onDemand(async () => ({ default: (await import("./export-dialog.tsx")).ExportDialog }));

/** Saved filters and export of the log. */
export const LogMenu = (props: { organization: string; address: PageAddress<WebhooksSearch> }) => {
  const { organization, address } = props;
  const mayExport = useCan(organization, "webhooks:export");
  const [isExporting, setIsExporting] = useState(false);
  // Read when the menu is opened, so that the page needs no request for it.
  const views = useQuery({ ...deliveryViewsQuery(organization), enabled: false }).data?.items ?? [];
  return (
    <span className="row no-phone">
      <MenuSlot
        button={(opener) => <Button {...opener}>{shownView(views, address.search)?.name ?? "Views"}</Button>}
      >
        <ViewsMenu organization={organization} address={address} />
      </MenuSlot>
      {mayExport && <Button onClick={() => setIsExporting(true)}>Export…</Button>}
      {isExporting && (
        <Suspense>
          <ExportDialog
            organization={organization}
            filter={address.search}
            onClose={() => setIsExporting(false)}
          />
        </Suspense>
      )}
    </span>
  );
};
