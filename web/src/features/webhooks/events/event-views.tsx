import type { PageAddress } from "#lib/page-address.ts";
import { Segments } from "#ui/filter/segments.tsx";
import type { WebhooksSearch } from "../search.ts";

/** Received and refused requests are two views of one tab. */
export const EventViews = ({ address }: { address: PageAddress<WebhooksSearch> }) => (
  <Segments
    options={[
      { value: "events", label: "Received" },
      { value: "refused", label: "Refused" },
    ]}
    value={address.search.tab === "refused" ? "refused" : "events"}
    onChange={(tab) => address.go({ tab: tab === "refused" ? "refused" : "events" })}
    group={{ label: "Events" }}
  />
);
