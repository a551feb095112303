import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#ui/button.tsx";
import { ActError, ConfirmDialog } from "#ui/confirm-dialog.tsx";
import { Panel } from "#ui/panel.tsx";
import { Age } from "#ui/time.tsx";
import css from "./access.module.css";
import { deviceOf } from "./access-device.ts";
import { ShownOnce } from "./access-link-once.tsx";
import { memberSessionsQuery, useEndOfMember, useIssueReset } from "./access-member-session-queries.ts";

/** Makes a link by which a member sets a new password, and shows it once. */
const ResetPassword = (props: { organization: string; userId: string; name: string }) => {
  const { organization, userId, name } = props;
  const [asked, setAsked] = useState(false);
  const reset = useIssueReset(organization, userId);
  const close = () => {
    setAsked(false);
    reset.reset();
  };
  return (
    <>
      <Button onClick={() => setAsked(true)}>Reset password…</Button>
      {asked && reset.data === undefined && (
        <ConfirmDialog
          title={`Reset the password of ${name}`}
          confirm="Make a link"
          foot="Links made before stop working."
          isBusy={reset.isPending}
          error={reset.error}
          onConfirm={() => reset.mutate()}
          onClose={close}
        >
          <p className="c2">
            You get a link to hand over. It sets a new password once within an hour and then ends all sessions
            of {name}. Until then the old password works.
          </p>
        </ConfirmDialog>
      )}
      {reset.data !== undefined && (
        <ShownOnce
          title="Link to a new password"
          text={window.location.origin + reset.data.path}
          copy="Copy link"
          facts={[
            { label: "For", value: name },
            { label: "Works", value: "once, for an hour" },
          ]}
          note="Hand it over yourself."
          onClose={close}
        >
          Whoever has it can take over the account. It is not shown again; a lost one is replaced by another.
        </ShownOnce>
      )}
    </>
  );
};

/** Where a member is signed in, for who may end it; stands in the member's drawer. */
export const MemberSessions = (props: { organization: string; userId: string; name: string }) => {
  const { organization, userId, name } = props;
  const sessions = useQuery(memberSessionsQuery(organization, userId));
  const end = useEndOfMember(organization, userId);
  return (
    <section aria-labelledby="member-sessions">
      <h3 className={`h ${css.drawerHead}`} id="member-sessions">
        Sessions
      </h3>
      {end.error !== null && <ActError title="The session was not ended." error={end.error} />}
      <Panel
        name="Sessions"
        query={sessions}
        skeletonRows={2}
        isEmpty={({ total }) => total === 0}
        empty={<p className="c2">Signed in nowhere.</p>}
      >
        {({ items }) => (
          <ul className={css.memberships}>
            {items.map(({ id, userAgent, address, lastSeenAt, current }) => (
              <li key={id}>
                <span className="grow" title={userAgent ?? undefined}>
                  {deviceOf(userAgent)}
                  <small className="c3">
                    {address ?? "unknown address"}, last seen <Age at={lastSeenAt} suffix="ago" />
                    {current && ", the one you use"}
                  </small>
                </span>
                <Button
                  disabled={end.isPending}
                  aria-label={`End the session on ${deviceOf(userAgent)}, ${address ?? "unknown address"}`}
                  onClick={() => end.mutate(id)}
                >
                  End
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <div className="row">
        <Button
          disabled={(sessions.data?.total ?? 0) === 0 || end.isPending}
          onClick={() => end.mutate(null)}
        >
          End all sessions
        </Button>
        <ResetPassword organization={organization} userId={userId} name={name} />
      </div>
    </section>
  );
};
