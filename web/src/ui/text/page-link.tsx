import { useRouter } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import { basePath } from "#lib/base-path.ts";

/** A link to a page of the console whose address the server gave; opens in place, or in a new tab with Ctrl. */
export const PageLink = ({ href, ...rest }: Omit<ComponentProps<"a">, "onClick"> & { href: string }) => {
  const router = useRouter();
  const address = basePath + href;
  return (
    <a
      {...rest}
      href={address}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        void router.navigate({ href: address });
      }}
    />
  );
};
