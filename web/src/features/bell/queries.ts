import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type BellItem, markBellRead, readBell } from "@wheelhouse/shared/alerts/notifications.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { call } from "#lib/api/api.ts";

type Bell = EndpointResult<typeof readBell>;
const mostItems = 30;

/** The newest notifications of the signed-in person in an organization. */
export const bellQuery = (organization: string) =>
  queryOptions({
    queryKey: ["bell", organization],
    queryFn: ({ signal }) => call(readBell, {}, { organization, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    // The count is a convenience; what must not be missed arrives over other channels, too.
    retry: 1,
  });

/** The list with one more item, which may have come before. */
export const withItem = (bell: Bell, item: BellItem): Bell => {
  if (bell.items.some(({ id }) => id === item.id)) return bell;
  return {
    items: [item, ...bell.items].slice(0, mostItems),
    unread: bell.unread + 1,
    hasSound: bell.hasSound,
  };
};

/** Marks all that is shown as read. */
export const useMarkRead = (organization: string) => {
  const client = useQueryClient();
  const { queryKey } = bellQuery(organization);
  return useMutation({
    mutationFn: (upTo: string) => call(markBellRead, { body: { upTo } }, { organization }),
    onSuccess: ({ unread }) => {
      const readAt = new Date().toISOString();
      client.setQueryData(queryKey, (bell) =>
        bell === undefined
          ? bell
          : {
              items: bell.items.map((item) => (item.readAt === null ? { ...item, readAt } : item)),
              unread,
              hasSound: bell.hasSound,
            },
      );
    },
  });
};
