import { useQuery } from "@tanstack/react-query";
import type { listMemberSessions } from "@wheelhouse/shared/access/sessions.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { useState } from "react";
import { publicAddress } from "#lib/base-path.ts";
import { formatPlural } from "#lib/format.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "../access.module.css";
import { deviceOf } from "./device.ts";
import { memberSessionsQuery, useEndOfMember, useIssueReset } from "./member-session-queries.ts";

/** Creates a link with which a member sets a new password, and shows it once. */
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
          confirm="Create link"
          foot="Earlier links stop working."
          isBusy={reset.isPending}
          error={reset.error}
          onConfirm={() => reset.mutate()}
          onClose={close}
        >
          <p className="c2">
            You get a link to pass on. It can be used once within one hour; setting a new password ends all
            sessions of {name}. Until then the old password still works.
          </p>
        </ConfirmDialog>
      )}
      {reset.data !== undefined && (
        <ShownOnce
          title="Password reset link"
          text={publicAddress(reset.data.path)}
          copy="Copy link"
          facts={[
            { label: "For", value: name },
            { label: "Valid", value: "once, for 1 hour" },
          ]}
          note="Copy the link now and pass it on in person."
          onClose={close}
        >
          Anyone with this link can take over the account. It will not be shown again; if it gets lost, create
          another.
        </ShownOnce>
      )}
    </>
  );
};

type Session = EndpointResult<typeof listMemberSessions>["items"][number];

const Sessions = (props: {
  items: readonly Session[];
  isBusy: boolean;
  onEnd: (session: { id: string; device: string }) => void;
}) => {
  const { items, isBusy, onEnd } = props;
  return (
    <ul className={css.memberships}>
      {items.map(({ id, userAgent, address, lastSeenAt, current }) => (
        <li key={id}>
          <span className="grow" title={userAgent ?? undefined}>
            {deviceOf(userAgent)}
            <small className="c3">
              {address ?? "unknown address"}, last seen <Age at={lastSeenAt} suffix="ago" />
              {current && ", this session"}
            </small>
          </span>
          <Button
            disabled={isBusy}
            aria-label={`End the session on ${deviceOf(userAgent)}, ${address ?? "unknown address"}`}
            onClick={() => onEnd({ id, device: `${deviceOf(userAgent)}, ${address ?? "unknown address"}` })}
          >
            End…
          </Button>
        </li>
      ))}
    </ul>
  );
};

/** Where a member is signed in, for those who may end sessions; part of the member drawer. */
export const MemberSessions = (props: { organization: string; userId: string; name: string }) => {
  const { organization, userId, name } = props;
  const sessions = useQuery(memberSessionsQuery(organization, userId));
  const end = useEndOfMember(organization, userId);
  const [asked, setAsked] = useState<{ id: string; device: string } | "all" | null>(null);
  const total = sessions.data?.total ?? 0;
  const close = () => {
    setAsked(null);
    end.reset();
  };
  return (
    <section aria-labelledby="member-sessions">
      <h3 className={`h ${css.drawerHead}`} id="member-sessions">
        Sessions
      </h3>
      <Panel
        name="Sessions"
        query={sessions}
        skeletonRows={2}
        isEmpty={({ total }) => total === 0}
        empty={<p className="c2">No active sessions.</p>}
      >
        {({ items }) => <Sessions items={items} isBusy={end.isPending} onEnd={setAsked} />}
      </Panel>
      <div className="row">
        <Button disabled={total === 0 || end.isPending} onClick={() => setAsked("all")}>
          End all sessions…
        </Button>
        <ResetPassword organization={organization} userId={userId} name={name} />
      </div>
      {asked !== null && (
        <ConfirmDialog
          title={asked === "all" ? `End all sessions of ${name}` : `End a session of ${name}`}
          confirm={asked === "all" ? `End ${formatPlural(total, "session")}` : "End session"}
          foot="Open pages close within a second; unsaved changes are lost."
          isDestructive
          isBusy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate(asked === "all" ? null : asked.id, { onSuccess: close })}
          onClose={close}
        >
          <Facts
            facts={[
              { label: "Device", value: asked === "all" ? "everywhere" : asked.device },
              { label: "Effect", value: "this person has to sign in again; account and memberships remain" },
            ]}
          />
        </ConfirmDialog>
      )}
    </section>
  );
};
