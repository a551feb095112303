import { isReason, isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import { ReasonField } from "./parts.tsx";
import { useRotateHeartbeat } from "./queries.ts";
import css from "./sources.module.css";

type Issued = { instance: string; path: string };

/** Whole heartbeat addresses, for the only time. */
export const HeartbeatsOnce = (props: { name: string; issued: readonly Issued[]; onClose: () => void }) => (
  <ShownOnce
    title={`Heartbeat ${props.issued.length === 1 ? "address" : "addresses"} of ${props.name}`}
    text={props.issued.map(({ path }) => `${location.origin}${path}`)}
    copy="Copy"
    facts={[
      { label: "Of", value: props.issued.map(({ instance }) => instance).join(", ") },
      { label: "How", value: "POST to it each interval; silence past the deadline is an outage" },
    ]}
    note="Store it now."
    onClose={props.onClose}
  >
    Only its last 4 characters are shown from now on; a new one can be issued at any time.
  </ShownOnce>
);

const RotateDialog = (props: {
  organization: string;
  source: WatchedSource;
  heartbeat: WatchedSource["heartbeats"][number];
  onClose: () => void;
}) => {
  const { organization, source, heartbeat, onClose } = props;
  const rotate = useRotateHeartbeat(organization, source.id);
  const [reason, setReason] = useState("");
  const { instance, secretHint } = heartbeat;
  if (rotate.data !== undefined)
    return <HeartbeatsOnce name={source.name} issued={[rotate.data]} onClose={onClose} />;
  const isFirst = secretHint === null;
  return (
    <FormDialog
      title={`Issue ${isFirst ? "a" : "a new"} heartbeat secret to ${instance}`}
      confirm="Issue 1 secret"
      foot={isFirst ? "It is shown once." : "The one before it is refused at once."}
      failure="No secret was issued."
      fields={["reason"]}
      error={rotate.error}
      isReady={isFirst ? isReasonOrEmpty(reason) : isReason(reason)}
      isBusy={rotate.isPending}
      onSubmit={() => rotate.mutate({ instance, ...(reason.trim() === "" ? {} : { reason: reason.trim() }) })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Facts
            facts={[
              { label: "Service", value: source.name },
              {
                label: "Then",
                value: isFirst
                  ? "heartbeats are taken in at the address that is shown next"
                  : "heartbeats to the present address get 404, until it is changed where they are sent",
              },
            ]}
          />
          <ReasonField
            value={reason}
            onChange={setReason}
            error={complaint("reason")}
            isRequired={!isFirst}
          />
        </>
      )}
    </FormDialog>
  );
};

/** Where each instance posts to, without its secret, and how to issue another one. */
export const Heartbeats = (props: { organization: string; source: WatchedSource; canManage: boolean }) => {
  const { organization, source, canManage } = props;
  const [asked, setAsked] = useState<string | null>(null);
  const heartbeat = source.heartbeats.find(({ instance }) => instance === asked);
  if (source.heartbeats.length === 0) return null;
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">Heartbeat addresses</h3>
      </div>
      <ul className={css.heartbeats}>
        {source.heartbeats.map(({ instance, path, secretHint, issuedAt }) => (
          <li key={instance}>
            <span className={css.address}>
              <b className="cut">{instance}</b>
              <code className="mono c2">
                POST {path}
                {secretHint === null ? "…" : `····${secretHint}`}
              </code>
              <small className="c3">
                {issuedAt === null ? (
                  "No secret was issued yet, so nothing is taken in"
                ) : (
                  <>
                    Secret issued <Age at={issuedAt} suffix="ago" />
                  </>
                )}
              </small>
            </span>
            {canManage && (
              <Button
                variant="ghost"
                aria-label={`${secretHint === null ? "Issue a" : "New"} secret for ${instance}`}
                onClick={() => setAsked(instance)}
              >
                {secretHint === null ? "Issue secret…" : "New secret…"}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {heartbeat !== undefined && (
        <RotateDialog
          organization={organization}
          source={source}
          heartbeat={heartbeat}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  );
};
