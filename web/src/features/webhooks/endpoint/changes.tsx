import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCan } from "#lib/api/session.ts";
import { Panel } from "#ui/page/panel.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "./endpoint.module.css";
import { changeWords } from "./history.ts";
import { endpointChangesQuery } from "./queries.ts";

const route = getRouteApi("/o/$org/webhooks");

const List = ({ organization, id }: { organization: string; id: string }) => {
  const query = useQuery(endpointChangesQuery(organization, id));
  return (
    <Panel
      name="The changes"
      query={query}
      skeletonRows={4}
      isEmpty={({ items }) => items.length === 0}
      empty={<p className="c3">The trail holds no change of this endpoint.</p>}
    >
      {({ items }) => (
        <ol className={css.changes}>
          {items.map((event) => (
            <li key={event.id}>
              <Time at={event.recordedAt} />
              <div>
                {changeWords(event)}
                <small>
                  {event.actor.display}
                  {event.reason !== null && `, “${event.reason}”`}
                </small>
              </div>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
};

/** What people and the product did to an endpoint, newest first. */
export const Changes = ({ organization, id }: { organization: string; id: string }) => {
  const { org } = route.useParams();
  const mayRead = useCan(organization, "audit:read");
  return (
    <section className={css.section} aria-label="Changes">
      <h3 className="h">Changes</h3>
      {mayRead ? (
        <>
          <List organization={organization} id={id} />
          <PageLink className="link" href={`/o/${org}/audit?target=${id}`}>
            All changes of this endpoint
          </PageLink>
        </>
      ) : (
        <p className="c3 t12">They are in the audit trail. Ask an admin for “View the audit trail”.</p>
      )}
    </section>
  );
};
