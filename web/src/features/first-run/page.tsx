import { Link } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { type FormEvent, type ReactNode, useState } from "react";
import { useCan, useSession } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Page } from "#ui/page/page.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { CodeBlock } from "#ui/text/code-block.tsx";
import { Icon } from "#ui/text/icon.tsx";
import css from "./first-run.module.css";
import { FoundSource, summaryOf } from "./found.tsx";
import { type Tried, useKeep, useTry } from "./queries.ts";

type Standing = "open" | "now" | "done";

const Step = (props: {
  number: number;
  standing: Standing;
  title: string;
  detail: string;
  children: ReactNode;
}) => (
  <section className={`${css.step} ${css[props.standing] ?? ""}`} aria-label={props.title}>
    <span className={css.number}>{props.standing === "done" ? <Icon name="check" /> : props.number}</span>
    <div>
      <h3>
        {props.title} <span>{props.detail}</span>
      </h3>
      {props.children}
    </div>
  </section>
);

const AddressForm = (props: {
  isBusy: boolean;
  error: Error | null;
  onTry: (address: string) => Promise<unknown>;
}) => {
  const { isBusy, error, onTry } = props;
  const [address, setAddress] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void onTry(address).then(
      () => setAddress(""),
      () => undefined,
    );
  };
  const complaint = fieldErrors(error).get("address") ?? error?.message;
  return (
    <form noValidate className={css.ask} onSubmit={submit}>
      <TextField
        label="Address"
        hint="redis:// · rediss:// · postgres:// · https://host/actuator/health · https://host/metrics. A password may hold @ : / # %; it is stored encrypted and not shown again."
        error={complaint}
        value={address}
        onChange={setAddress}
        placeholder="redis://user:password@host:6379/0"
        isSecret
        isMono
      />
      <Button type="submit" disabled={isBusy || address.trim() === ""}>
        {isBusy ? "Checking…" : "Check address"}
      </Button>
    </form>
  );
};

const supported = [
  ["Redis", "BullMQ queues, memory, clients, replication"],
  ["Postgres 13 and newer", "also behind PgBouncer"],
  ["A health endpoint", "Spring, terminus, ASP.NET, MicroProfile, or a status"],
  ["/metrics", "breakers of resilience4j, opossum, Polly, Envoy"],
] as const;

const Side = ({ organization, onSkip }: { organization: string; onSkip: () => void }) => (
  <aside className={css.side} aria-label="Other ways">
    <h2 className="h">From the command line</h2>
    <CodeBlock label="Command" text="npm start -- --watch redis://10.30.0.14:6379" />
    <p className="t12 c3">Repeatable, also as WHEELHOUSE_WATCH, or in wheelhouse.yaml.</p>
    <h2 className="h">Supported addresses</h2>
    <ul>
      {supported.map(([what, detail]) => (
        <li key={what}>
          {what}
          <small>{detail}</small>
        </li>
      ))}
    </ul>
    <h2 className="h">Next</h2>
    <ul>
      <li>
        <Link className="link" to="/o/$org/access" params={{ org: organization }}>
          Invite your team
        </Link>
      </li>
      <li>
        <Link className="link" to="/o/$org/webhooks" params={{ org: organization }}>
          Add a webhook endpoint
        </Link>
      </li>
      <li>
        <Link className="link" to="/o/$org/sources" params={{ org: organization }}>
          All about sources
        </Link>
      </li>
      <li>
        <button type="button" className="link" onClick={onSkip}>
          Show the empty overview
        </button>
      </li>
    </ul>
  </aside>
);

/** The tried addresses, in the order in which they were tried; the same address again replaces its trial. */
const useTrials = (organization: string) => {
  const [tried, setTried] = useState<readonly Tried[]>([]);
  const trying = useTry(organization);
  const drop = ({ address }: Pick<Tried, "address">) =>
    setTried((all) => all.filter((each) => each.address !== address));
  const keep = useKeep(organization, drop);
  const run = (address: string) =>
    trying
      .mutateAsync(address)
      .then((found) =>
        setTried((all) =>
          all.some((each) => each.address === address)
            ? all.map((each) => (each.address === address ? found : each))
            : [...all, found],
        ),
      );
  const rename = (address: string, name: string) =>
    setTried((all) =>
      all.map((each) => (each.address === address ? { address, trial: each.trial, name } : each)),
    );
  return { tried, trying, keep, run, drop, rename };
};

const KeepForm = (props: {
  organization: string;
  tried: readonly Tried[];
  keep: ReturnType<typeof useKeep>;
  rename: (address: string, name: string) => void;
}) => {
  const { organization, tried, keep, rename } = props;
  const queues = tried.reduce((sum, { trial }) => sum + trial.queueCount, 0);
  return (
    <form
      noValidate
      className={css.keep}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate(tried);
      }}
    >
      {tried.map(({ address, trial, name }) => (
        <TextField
          key={address}
          label={tried.length === 1 ? "Name" : `Name of ${trial.shown}`}
          hint={`In ${organization}`}
          error={undefined}
          value={name}
          maxLength={100}
          onChange={(next) => rename(address, next)}
        />
      ))}
      {keep.error !== null && (
        <p className="tx-down" role="alert">
          {keep.error.message}
        </p>
      )}
      <Button
        type="submit"
        variant="primary"
        disabled={keep.isPending || tried.some(({ name }) => name.trim() === "")}
      >
        {queues > 0
          ? `Keep ${formatPlural(queues, "queue")}`
          : `Keep ${formatPlural(tried.length, "source")}`}
      </Button>
    </form>
  );
};

const Steps = ({ organization }: { organization: string }) => {
  const { tried, trying, keep, run, drop, rename } = useTrials(organization);
  const { organization: own } = useSession(organization);
  const trials = tried.map(({ trial }) => trial);
  const hasFound = tried.length > 0;
  return (
    <>
      <Step
        number={1}
        standing={hasFound ? "done" : "now"}
        title="Paste an address"
        detail="Redis, Postgres, a health endpoint or /metrics"
      >
        <AddressForm isBusy={trying.isPending} error={trying.error} onTry={run} />
      </Step>
      <Step
        number={2}
        standing={hasFound ? "now" : "open"}
        title="See what was found"
        detail={hasFound ? formatPlural(tried.length, "address", "addresses") : "nothing is stored yet"}
      >
        {tried.map((each) => (
          <FoundSource
            key={each.address}
            trial={each.trial}
            isChecking={trying.isPending}
            onAgain={() => void run(each.address).catch(() => undefined)}
            onLeaveOut={() => drop(each)}
          />
        ))}
      </Step>
      <Step number={3} standing="open" title="Keep it" detail={hasFound ? summaryOf(trials) : ""}>
        {hasFound && <KeepForm tried={tried} keep={keep} rename={rename} organization={own.name} />}
      </Step>
    </>
  );
};

/** Stands in for the overview of an organization that watches nothing yet. */
export const FirstRunPage = ({
  organization,
  onSkip,
}: {
  organization: string;
  /** Shows the overview nevertheless. */
  onSkip: () => void;
}) => {
  const mayManage = useCan(organization, "sources:manage");
  return (
    <Page title={organizationPages.overview.title} observation={null}>
      {mayManage ? (
        <div className={css.page}>
          <div>
            <section className={css.lead}>
              <h2 className="t20 b">Nothing is connected yet. Paste an address to start</h2>
              <p className="c2">
                Three steps, about two minutes. Wheelhouse reads only: nothing is written to your servers
                until you act on a queue.
              </p>
            </section>
            <Steps organization={organization} />
          </div>
          <Side organization={organization} onSkip={onSkip} />
        </div>
      ) : (
        <Empty title="Nothing is connected yet">
          An admin of this organization can connect Redis, Postgres, health endpoints and metrics here.
        </Empty>
      )}
    </Page>
  );
};
