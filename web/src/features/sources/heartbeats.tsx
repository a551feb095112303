import { isReason, isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { useState } from "react";
import { publicAddress } from "#lib/base-path.ts";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import { ReasonField } from "./parts.tsx";
import { useRotateHeartbeat } from "./queries.ts";
import css from "./sources.module.css";

type Issued = { instance: string; path: string };

/** Shows full heartbeat URLs; they cannot be displayed again. */
export const HeartbeatsOnce = (props: { name: string; issued: readonly Issued[]; onClose: () => void }) => (
  <ShownOnce
    title={`Heartbeat ${props.issued.length === 1 ? "URL" : "URLs"} of ${props.name}`}
    text={props.issued.map(({ path }) => publicAddress(path))}
    copy="Copy"
    facts={[
      { label: "Instance", value: props.issued.map(({ instance }) => instance).join(", ") },
      { label: "Usage", value: "send a POST request each interval; a missed deadline counts as an outage" },
    ]}
    note="Store it now."
    onClose={props.onClose}
  >
    Only the last 4 characters will be shown again. You can issue a new secret at any time.
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
      title={`Issue ${isFirst ? "" : "new "}heartbeat secret for ${instance}`}
      confirm="Issue secret"
      foot={isFirst ? "The secret is shown once." : "The previous secret stops working immediately."}
      failure="The secret was not issued."
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
                label: "Effect",
                value: isFirst
                  ? "heartbeats are accepted at the URL shown next"
                  : "heartbeats to the current URL get 404 until the sender uses the new one",
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

/** Heartbeat URLs by instance without their secrets, and a button to issue a new secret. */
export const Heartbeats = (props: { organization: string; source: WatchedSource; canManage: boolean }) => {
  const { organization, source, canManage } = props;
  const [asked, setAsked] = useState<string | null>(null);
  const heartbeat = source.heartbeats.find(({ instance }) => instance === asked);
  if (source.heartbeats.length === 0) return null;
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">Heartbeat URLs</h3>
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
                  "No secret issued yet, so heartbeats are not accepted"
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
                aria-label={`${secretHint === null ? "Issue" : "New"} secret for ${instance}`}
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
