import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { SessionEntry } from "@wheelhouse/shared/access/sessions.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useCallback } from "react";
import { useSession } from "#lib/api/session.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Page } from "#ui/page/page.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { ownSessionsQuery, useEndOwn } from "../session-queries.ts";
import css from "./account.module.css";
import { PasswordForm } from "./password-form.tsx";
import { SessionList } from "./session-list.tsx";

/** The signed-in person's sessions and password. */
export const AccountPage = () => {
  const { org } = useParams({ from: "/o/$org/account" });
  const { user, signedInBy } = useSession(org);
  const sessions = useQuery(ownSessionsQuery());
  const end = useEndOwn();
  const { mutate } = end;
  const onEnd = useCallback((session: SessionEntry) => mutate(session.id), [mutate]);
  const others = (sessions.data?.total ?? 1) - 1;
  return (
    <Page title={organizationPages.account.title}>
      <div className={css.page}>
        <p className="c2">
          {user.name} · {user.email}
        </p>
        <section className={css.section} aria-labelledby="sessions">
          <div className={css.head}>
            <h2 className="t14 b grow" id="sessions">
              Where you are signed in
            </h2>
            <Button disabled={others < 1 || end.isPending} onClick={() => mutate(null)}>
              Sign out everywhere else
            </Button>
          </div>
          {end.error !== null && <ActError title="The session was not ended." error={end.error} />}
          <Panel name="Sessions" query={sessions} skeletonRows={3}>
            {({ items, total }) => (
              <>
                <SessionList caption="Sessions" sessions={items} isBusy={end.isPending} onEnd={onEnd} />
                {total > items.length && (
                  <p className="c3 t12">
                    The {items.length} most recently used of {total} are shown.
                  </p>
                )}
              </>
            )}
          </Panel>
        </section>
        <section className={css.section} aria-labelledby="password">
          <h2 className="t14 b" id="password">
            Password
          </h2>
          {signedInBy === "oidc" ? (
            <p className="c2">You signed in at your identity provider, which manages your password.</p>
          ) : (
            <PasswordForm />
          )}
        </section>
      </div>
    </Page>
  );
};
