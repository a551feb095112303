import type { ComponentProps, MouseEvent } from "react";
import type { PageAddress } from "#lib/page-address.ts";

const opensElsewhere = (event: MouseEvent): boolean =>
  event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;

/**
 * A real link to the same page with other search parameters: it opens in place, or in a new tab with Ctrl.
 */
export const AddressLink = <S,>({
  address,
  to,
  replace = false,
  ...rest
}: Omit<ComponentProps<"a">, "href" | "onClick"> & {
  address: PageAddress<S>;
  to: S;
  replace?: boolean;
}) => (
  <a
    {...rest}
    href={address.hrefOf(to)}
    onClick={(event) => {
      if (opensElsewhere(event)) return;
      event.preventDefault();
      address.go(to, { replace });
    }}
  />
);
