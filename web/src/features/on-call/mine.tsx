import { useMutation, useQuery } from "@tanstack/react-query";
import type { Contact } from "@wheelhouse/shared/alerts/channels.ts";
import { type Severity, severities } from "@wheelhouse/shared/alerts/notifications.ts";
import { type Mine, type PersonalWay, personalWays } from "@wheelhouse/shared/alerts/routing.ts";
import { useState } from "react";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import { browserName, pushRefusal, subscribeHere } from "./browser-push.ts";
import { TestSaid } from "./channels.tsx";
import css from "./on-call.module.css";
import { mineQuery, useCreateContact, useDeleteContact, useTestContact, useUpdateMine } from "./queries.ts";
import { wayNames } from "./words.ts";

const ContactRow = ({ contact, organization }: { contact: Contact; organization: string }) => {
  const test = useTestContact(organization);
  const remove = useDeleteContact(organization);
  const isBad = contact.expiredAt !== null || contact.failingSince !== null;
  return (
    <li>
      <span className={css.name}>
        <b>{contact.name}</b>{" "}
        {isBad ? (
          <Status inRow tone="degraded" label={contact.expiredAt === null ? "Failing" : "Expired"} />
        ) : contact.testedAt === null ? (
          <Status inRow tone="unknown" label="Not tested" />
        ) : (
          <Status inRow tone="ok" label="OK" />
        )}
        <small>
          {wayNames[contact.kind]}, {contact.hint}
          {contact.testedAt !== null && (
            <>
              , tested <Age at={contact.testedAt} short suffix="ago" />
            </>
          )}
        </small>
        {contact.lastError !== null && <small className="tx-down">{contact.lastError}</small>}
      </span>
      <TestSaid result={test.data} />
      <Button disabled={test.isPending} onClick={() => test.mutate({ params: { id: contact.id } })}>
        Send test
      </Button>
      <Button disabled={remove.isPending} onClick={() => remove.mutate({ params: { id: contact.id } })}>
        Remove
      </Button>
    </li>
  );
};

const AddContact = (props: { organization: string; kind: "email" | "pagerduty"; onClose: () => void }) => {
  const { organization, kind, onClose } = props;
  const create = useCreateContact(organization);
  const [value, setValue] = useState("");
  const name = kind === "email" ? value.trim() : "PagerDuty";
  const body =
    kind === "email"
      ? { kind, name: name.slice(0, 100), address: value.trim() }
      : { kind, name, key: value.trim() };
  return (
    <FormDialog
      title={kind === "email" ? "Add e-mail address" : "Add your PagerDuty key"}
      confirm={kind === "email" ? "Add address" : "Add key"}
      failure="It was not added."
      fields={["address", "key", "kind"]}
      error={create.error}
      isReady={value.trim() !== ""}
      isBusy={create.isPending}
      onSubmit={() => create.mutate({ body }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <TextField
          label={kind === "email" ? "Address" : "Integration key of a service that calls you"}
          error={complaint("address") ?? complaint("key") ?? complaint("kind")}
          isSecret={kind === "pagerduty"}
          value={value}
          onChange={setValue}
        />
      )}
    </FormDialog>
  );
};

const Contacts = ({ mine, organization }: { mine: Mine; organization: string }) => {
  const create = useCreateContact(organization);
  const [asked, setAsked] = useState<"email" | "pagerduty" | null>(null);
  const refusal = pushRefusal();
  const subscribe = useMutation({
    mutationFn: async () => {
      const subscription = await subscribeHere(mine.vapidPublicKey);
      return create.mutateAsync({ body: { kind: "push", name: browserName(), subscription } });
    },
  });
  return (
    <section className={css.section}>
      <div className={css.head}>
        <h2 className="h">How you are reached</h2>
        <span className="grow" />
        <Button
          variant="primary"
          disabled={refusal !== null || subscribe.isPending}
          onClick={() => subscribe.mutate()}
        >
          Push to this browser
        </Button>
        <Button onClick={() => setAsked("pagerduty")}>PagerDuty…</Button>
        {mine.email !== null && <Button onClick={() => setAsked("email")}>E-mail address…</Button>}
      </div>
      {refusal !== null && <p className="c3 t12">{refusal}</p>}
      {subscribe.error !== null && <ActError title="This browser was not added." error={subscribe.error} />}
      <ul className={css.cards}>
        <li>
          <span className={css.name}>
            <b>In-app</b> <Status inRow tone="ok" label="Always" />
            <small>The bell at the top of every page</small>
          </span>
        </li>
        {mine.email !== null && !mine.contacts.some(({ kind }) => kind === "email") && (
          <li>
            <span className={css.name}>
              <b>{mine.email}</b> <Status inRow tone="ok" label="Your account" />
              <small>E-mail, unless you add another address</small>
            </span>
          </li>
        )}
        {mine.contacts.map((contact) => (
          <ContactRow key={contact.id} contact={contact} organization={organization} />
        ))}
      </ul>
      {asked !== null && (
        <AddContact organization={organization} kind={asked} onClose={() => setAsked(null)} />
      )}
    </section>
  );
};

const severityNames: Record<Severity, string> = { critical: "Critical", warning: "Warning", info: "Info" };
const times = ["day", "night"] as const;

const Choice = (props: {
  label: string;
  ways: readonly PersonalWay[];
  onChange: (ways: PersonalWay[]) => void;
}) => (
  <fieldset className={css.fieldset}>
    <legend className="t12 c3">{props.label}</legend>
    <div className={css.choices}>
      {personalWays.map((way) => (
        <label key={way}>
          <Checkbox
            checked={props.ways.includes(way)}
            onChange={({ target }) =>
              props.onChange(
                personalWays.filter((each) => (each === way ? target.checked : props.ways.includes(each))),
              )
            }
          />
          {wayNames[way]}
        </label>
      ))}
    </div>
  </fieldset>
);

const Preferences = ({ mine, organization }: { mine: Mine; organization: string }) => {
  const update = useUpdateMine(organization);
  const { contacts: _, email: __, vapidPublicKey: ___, ...given } = mine;
  const [form, setForm] = useState(given);
  const isChanged = JSON.stringify(form) !== JSON.stringify(given);
  const field = (name: "timeZone" | "nightFrom" | "nightTo", label: string) => (
    <TextField
      label={label}
      error={undefined}
      value={form[name]}
      onChange={(value) => setForm({ ...form, [name]: value })}
    />
  );
  return (
    <form
      noValidate
      className={css.section}
      onSubmit={(event) => {
        event.preventDefault();
        update.mutate({ body: form });
      }}
    >
      <div className={css.head}>
        <h2 className="h">When you are told, and over what</h2>
        <span className="grow" />
        <Button type="submit" disabled={!isChanged || update.isPending}>
          Save choices
        </Button>
      </div>
      <div className={css.grid}>
        {field("timeZone", "Your time zone")}
        {field("nightFrom", "Night from")}
        {field("nightTo", "to")}
      </div>
      {severities.map((severity) =>
        times.map((time) => (
          <Choice
            key={`${severity}-${time}`}
            label={`${severityNames[severity]}, ${time === "day" ? "by day" : "at night"}`}
            ways={form.rules[severity][time]}
            onChange={(ways) =>
              setForm({
                ...form,
                rules: { ...form.rules, [severity]: { ...form.rules[severity], [time]: ways } },
              })
            }
          />
        )),
      )}
      <label className={css.inline}>
        <Checkbox
          checked={form.hasSound}
          onChange={({ target }) => setForm({ ...form, hasSound: target.checked })}
        />
        An open console makes a sound when something critical begins
      </label>
      {update.error !== null && <ActError title="Your choices were not saved." error={update.error} />}
    </form>
  );
};

/** How the signed-in person is reached in this organization. */
export const MineTab = ({ organization }: { organization: string }) => {
  const mine = useQuery(mineQuery(organization));
  return (
    <div className={css.single}>
      <Panel name="Your channels" query={mine}>
        {(found) => {
          const callsNobody =
            found.email === null && found.contacts.every(({ expiredAt }) => expiredAt !== null);
          return (
            <>
              {callsNobody && (
                <Note tone="warn" title="You cannot be called.">
                  The bell is seen only while the console is open. Push to this browser, or add PagerDuty.
                </Note>
              )}
              <Contacts mine={found} organization={organization} />
              <Preferences key={found.version} mine={found} organization={organization} />
            </>
          );
        }}
      </Panel>
    </div>
  );
};
