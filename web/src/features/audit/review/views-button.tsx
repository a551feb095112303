import { useQuery } from "@tanstack/react-query";
import type { PageAddress } from "#lib/page-address.ts";
import { MenuSlot } from "#ui/dialog/menu-slot.tsx";
import { Button } from "#ui/page/button.tsx";
import { auditViewsQuery } from "../queries.ts";
import type { AuditSearch } from "../search.ts";
import { AuditViewsMenu } from "./on-demand.ts";
import { shownView, viewsLabel } from "./shown-view.ts";

/** Opens the saved filters. */
export const AuditViews = (props: { organization: string; address: PageAddress<AuditSearch> }) => {
  const { organization, address } = props;
  const views = useQuery(auditViewsQuery(organization)).data?.items;
  const label = viewsLabel(shownView(views, address.search));
  return (
    <MenuSlot button={(opener) => <Button {...opener}>{label}</Button>}>
      <AuditViewsMenu organization={organization} address={address} />
    </MenuSlot>
  );
};
