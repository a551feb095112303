import { useQuery } from "@tanstack/react-query";
import { formatCount } from "#lib/format.ts";
import { Time } from "#ui/text/time.tsx";
import { causesOf, deadLetterGroupsQuery, verdictOf } from "../causes/causes.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";

/** Headline above the dead letters: what explains them, since when, and whether the receivers are healthy again. */
export const DeadLettersVerdict = ({
  organization,
  search,
}: {
  organization: string;
  search: WebhooksSearch;
}) => {
  const { data } = useQuery(deadLetterGroupsQuery(organization, search));
  if (data === undefined)
    return (
      <section className={css.verdict}>
        <h2 className="t20 b">Dead letters</h2>
        <p className="c2" />
      </section>
    );
  const causes = causesOf(data.groups, data.total, "cause");
  const oldest = causes
    .flatMap(({ firstAt }) => firstAt ?? [])
    .sort()
    .at(0);
  const over = causes.filter(({ receiver }) => receiver.isHealthy).length;
  return (
    <section className={css.verdict}>
      <h2 className="t20 b">{verdictOf(causes, data.total)}</h2>
      <p className="c2">
        {oldest !== undefined && (
          <>
            Oldest received <Time at={oldest} full />.{" "}
          </>
        )}
        {causes.length > 0 &&
          (over === causes.length
            ? "All receivers are healthy again."
            : over === 0
              ? "No receiver is healthy again yet."
              : `${formatCount(over)} of ${formatCount(causes.length)} causes are over: their receivers are healthy.`)}
      </p>
    </section>
  );
};
