import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { publicAddress } from "#lib/base-path.ts";
import { ShownOnce } from "#ui/dialog/shown-once.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import css from "./on-call.module.css";
import { useCreateWallGrant, useRevokeWallGrant, wallGrantsQuery } from "./queries.ts";

const Create = ({ organization, onClose }: { organization: string; onClose: () => void }) => {
  const create = useCreateWallGrant(organization);
  const [name, setName] = useState("");
  const [days, setDays] = useState("365");
  if (create.data !== undefined)
    return (
      <ShownOnce
        title={`Link for ${create.data.grant.name}`}
        text={publicAddress(create.data.path)}
        copy="Copy link"
        facts={[{ label: "Expires", value: <Time at={create.data.grant.expiresAt} full /> }]}
        note="Open it on the screen now."
        onClose={onClose}
      >
        It shows this organization and opens nothing else. It will not be shown again; the screen remembers
        it. Add <span className="mono">?theme=light</span> before the <span className="mono">#</span> for a
        bright room.
      </ShownOnce>
    );
  return (
    <FormDialog
      title="Create wallboard link"
      confirm="Create link"
      failure="The link was not created."
      fields={["name", "days"]}
      error={create.error}
      isReady={name.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={() => create.mutate({ body: { name: name.trim(), days: Number(days) } })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label="Name"
            hint="Where the screen hangs"
            error={complaint("name")}
            value={name}
            maxLength={100}
            onChange={setName}
          />
          <TextField
            label="Valid for days"
            error={complaint("days")}
            isNumber
            value={days}
            onChange={setDays}
          />
        </>
      )}
    </FormDialog>
  );
};

/** Links of wallboards, which can be revoked. */
export const WallsSection = ({ organization }: { organization: string }) => {
  const grants = useQuery(wallGrantsQuery(organization));
  const revoke = useRevokeWallGrant(organization);
  const [isOpen, setOpen] = useState(false);
  return (
    <section className={css.section}>
      <div className={css.head}>
        <h2 className="h">Wallboards</h2>
        <span className="t12 c3">read-only screens without a sign-in</span>
        <span className="grow" />
        <Button onClick={() => setOpen(true)}>Create wallboard link…</Button>
      </div>
      <Panel
        name="Wallboards"
        query={grants}
        skeletonRows={2}
        isEmpty={({ items }) => items.length === 0}
        empty={<p className="c3">No screen shows this organization.</p>}
      >
        {({ items }) => (
          <ul className={css.cards}>
            {items.map(({ id, name, createdBy, expiresAt, seenAt }) => (
              <li key={id}>
                <span className={css.name}>
                  <b>{name}</b>
                  <small>
                    by {createdBy}, until <Time at={expiresAt} full />,{" "}
                    {seenAt === null ? (
                      "not seen yet"
                    ) : (
                      <>
                        seen <Age at={seenAt} short suffix="ago" />
                      </>
                    )}
                  </small>
                </span>
                <Button disabled={revoke.isPending} onClick={() => revoke.mutate({ params: { id } })}>
                  Revoke link
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {isOpen && <Create organization={organization} onClose={() => setOpen(false)} />}
    </section>
  );
};
