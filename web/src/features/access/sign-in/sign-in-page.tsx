import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { createSession } from "@wheelhouse/shared/access/access.ts";
import { type FormEvent, type RefObject, useEffect, useRef, useState } from "react";
import { ApiError, call } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { noteSignedIn, signedOutReason } from "#lib/api/signed-out.ts";
import { basePath } from "#lib/base-path.ts";
import { formatSpan } from "#lib/format.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { providersQuery } from "../session-queries.ts";
import styles from "../sign-in.module.css";
import { providerProblem, safeNextPath, signInProblem } from "./problems.ts";
import { SignInFrame } from "./sign-in-frame.tsx";

/** Whole seconds until `untilMs`, counting down; 0 once it has passed. */
const useCountdown = (untilMs: number | null): number => {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    if (untilMs === null) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 250);
    return () => clearInterval(timer);
  }, [untilMs]);
  return untilMs === null ? 0 : Math.max(Math.ceil((untilMs - nowMs) / 1000), 0);
};

/** Sign-in through identity providers. `next`: where the browser goes afterwards. */
const Providers = ({ next }: { next: string | undefined }) => {
  const providers = useQuery(providersQuery()).data?.items ?? [];
  return (
    <>
      {providers.map(({ name, path }) => (
        <a
          key={path}
          className={`btn ${styles.oidc}`}
          href={`${basePath}${path}?next=${encodeURIComponent(safeNextPath(next) ?? "/")}`}
        >
          Continue with {name} <small>OpenID Connect</small>
        </a>
      ))}
      {providers.length > 0 && (
        <p className={styles.or}>
          <span>or with a password</span>
        </p>
      )}
    </>
  );
};

const PasswordForm = (props: {
  email: string;
  password: string;
  emailInput: RefObject<HTMLInputElement | null>;
  waitSeconds: number;
  isBusy: boolean;
  onEmail: (email: string) => void;
  onPassword: (password: string) => void;
  onSubmit: (event: FormEvent) => void;
}) => {
  const { email, password, emailInput, waitSeconds, isBusy, onEmail, onPassword, onSubmit } = props;
  const [shown, setShown] = useState(false);
  const isWaiting = waitSeconds > 0;
  return (
    <form noValidate onSubmit={onSubmit}>
      <label htmlFor="email">E-mail</label>
      <input
        className="field"
        id="email"
        name="email"
        type="email"
        autoComplete="username"
        required
        ref={emailInput}
        value={email}
        onChange={(event) => onEmail(event.target.value)}
      />
      <label htmlFor="password">Password</label>
      <div className={styles.password}>
        <input
          className="field"
          id="password"
          name="password"
          type={shown ? "text" : "password"}
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => onPassword(event.target.value)}
        />
        <Button
          variant="ghost"
          className={styles.show ?? ""}
          aria-label={shown ? "Hide password" : "Show password"}
          onClick={() => setShown(!shown)}
        >
          {shown ? "Hide" : "Show"}
        </Button>
      </div>
      <Button type="submit" variant="primary" className={styles.go ?? ""} disabled={isWaiting || isBusy}>
        {isWaiting ? `Sign in again in ${formatSpan(waitSeconds * 1000)}` : "Sign in"}
      </Button>
    </form>
  );
};

/** Signs in and goes to `next`, or to the overview of the person's organization. */
const useSignIn = (
  next: string | undefined,
  { onRefused, onWait }: { onRefused: () => void; onWait: (waitMs: number) => void },
) => {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { email: string; password: string }) => call(createSession, { body }),
    onSuccess: async (session) => {
      serverClock.hear(session.serverTime);
      noteSignedIn();
      client.clear();
      client.setQueryData(sessionQuery().queryKey, session);
      client.setQueryData(sessionQuery(session.organization.slug).queryKey, session);
      await navigate({
        href: safeNextPath(next) ?? `/o/${session.organization.slug}/overview`,
        replace: true,
      });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === "rate_limited") {
        onWait(error.retryAfterMs ?? 30_000);
      } else onRefused();
    },
  });
};

const slowAfterMs = 700;

/** Whether something has been under way for so long that a person should hear of it. */
const useIsSlow = (isPending: boolean): boolean => {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!isPending) return;
    const timer = setTimeout(() => setSlow(true), slowAfterMs);
    return () => clearTimeout(timer);
  }, [isPending]);
  return isSlow;
};

/** What stands above the form: why sign-in failed, why it takes long, or why there is no session any more. */
const SignInNote = ({ problem, isSlow }: { problem: string | null; isSlow: boolean }) => {
  const [reason] = useState(signedOutReason);
  if (problem !== null) return <Note tone="bad" title={problem} />;
  if (isSlow)
    return (
      <Note tone="warn" title="Still signing in.">
        The server has not answered yet.
      </Note>
    );
  return reason === "" ? null : <Note tone="warn" title={reason} />;
};

export const SignInPage = () => {
  const { next, problem: fromProvider } = useSearch({ from: "/signin" });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [waitUntilMs, setWaitUntilMs] = useState<number | null>(null);
  const [isIncomplete, setIsIncomplete] = useState(false);
  const emailInput = useRef<HTMLInputElement>(null);
  const waitSeconds = useCountdown(waitUntilMs);

  useEffect(() => {
    document.title = "Sign in · Wheelhouse";
    emailInput.current?.focus();
  }, []);

  const signIn = useSignIn(next, {
    onRefused: () => setPassword(""),
    onWait: (waitMs) => setWaitUntilMs(Date.now() + waitMs),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isEmpty = email.trim() === "" || password === "";
    setIsIncomplete(isEmpty);
    if (!isEmpty && waitSeconds === 0) signIn.mutate({ email, password });
  };

  const isSlow = useIsSlow(signIn.isPending);
  const isWaiting = waitSeconds > 0;
  const refusal = signIn.error === null ? providerProblem(fromProvider) : signInProblem(signIn.error);
  const problem = isIncomplete
    ? "Enter your e-mail address and password."
    : signIn.isPending
      ? null
      : refusal;
  return (
    <SignInFrame labelledBy="sign-in" foot="Every attempt is recorded in the audit trail.">
      <h1 className="t20 b" id="sign-in">
        Sign in
      </h1>
      <p className="c2">to {window.location.host}</p>
      <Providers next={next} />
      <div className={styles.slot} role="status">
        {isWaiting ? (
          <Note tone="warn" title="Too many attempts.">
            Wait {formatSpan(waitSeconds * 1000)}.
          </Note>
        ) : (
          <SignInNote problem={problem} isSlow={isSlow} />
        )}
      </div>
      <PasswordForm
        email={email}
        password={password}
        emailInput={emailInput}
        waitSeconds={waitSeconds}
        isBusy={signIn.isPending}
        onEmail={setEmail}
        onPassword={setPassword}
        onSubmit={submit}
      />
    </SignInFrame>
  );
};
