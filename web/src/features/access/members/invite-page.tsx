import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { acceptInvitation, type InvitationOffer, openInvitation } from "@wheelhouse/shared/access/members.ts";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError, call } from "#lib/api/api.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { noteSignedIn } from "#lib/api/signed-out.ts";
import { basePath } from "#lib/base-path.ts";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Skeleton } from "#ui/page/panel.tsx";
import { Time } from "#ui/text/time.tsx";
import { SignInFrame } from "../sign-in/sign-in.ts";
import styles from "../sign-in.module.css";
import { roleNames } from "./roles.ts";

type Answer = { name?: string; password?: string };

const passwordLengthMin = 12;

const NameField = (props: { name: string; error: string | undefined; onName: (name: string) => void }) => (
  <FormField label="Your name" hint="Shown to other members and in the audit trail" error={props.error}>
    {(control) => (
      <input
        {...control}
        className="field"
        autoComplete="name"
        maxLength={100}
        required
        value={props.name}
        onChange={(event) => props.onName(event.target.value)}
      />
    )}
  </FormField>
);

const PasswordField = (props: {
  isNew: boolean;
  password: string;
  error: string | undefined;
  onPassword: (password: string) => void;
}) => {
  const { isNew, password, error, onPassword } = props;
  return (
    <FormField
      label={isNew ? "New password" : "Password"}
      hint={isNew ? `At least ${passwordLengthMin} characters` : "The password of your existing account"}
      error={error}
    >
      {(control) => (
        <input
          {...control}
          className="field"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? passwordLengthMin : undefined}
          maxLength={1024}
          required
          value={password}
          onChange={(event) => onPassword(event.target.value)}
        />
      )}
    </FormField>
  );
};

/** Who accepts: a new account, the existing account of this address, or its session in this browser. */
const AcceptForm = (props: { token: string; offer: InvitationOffer }) => {
  const { token, offer } = props;
  const navigate = useNavigate();
  const client = useQueryClient();
  const session = useQuery({ ...sessionQuery(), enabled: offer.account === "existing" });
  const isSignedIn = session.data?.user.email.toLowerCase() === offer.email.toLowerCase();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const accept = useMutation({
    mutationFn: (body: Answer) => call(acceptInvitation, { body: { token, ...body } }),
    onSuccess: async ({ organization }) => {
      noteSignedIn();
      client.clear();
      await navigate({ href: `/o/${organization.slug}/overview`, replace: true });
    },
  });
  const errors = fieldErrors(accept.error);
  const isNew = offer.account === "new";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isNew) accept.mutate({ name: name.trim(), password });
    else accept.mutate(isSignedIn ? {} : { password });
  };
  return (
    <form noValidate onSubmit={submit} className={styles.accept}>
      <FormField label="E-mail">
        {(control) => (
          <input {...control} className="field" value={offer.email} readOnly autoComplete="username" />
        )}
      </FormField>
      {isNew && <NameField name={name} error={errors.get("name")} onName={setName} />}
      {!isSignedIn && (
        <PasswordField
          isNew={isNew}
          password={password}
          error={errors.get("password")}
          onPassword={setPassword}
        />
      )}
      {accept.error !== null && errors.size === 0 && <Note tone="bad" title={accept.error.message} />}
      <Button type="submit" variant="primary" className={styles.go ?? ""} disabled={accept.isPending}>
        Join {offer.organization.name}
      </Button>
    </form>
  );
};

/**
 * The page behind an invitation link. Its secret follows `#`, so it reaches the server only in a request body.
 */
export const InvitePage = () => {
  const [token] = useState(() => window.location.hash.slice(1));
  useEffect(() => {
    document.title = "Invitation · Wheelhouse";
  }, []);
  const offer = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => call(openInvitation, { body: { token } }),
    enabled: token !== "",
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const isGone = token === "" || (offer.error instanceof ApiError && offer.error.status !== null);
  return (
    <SignInFrame
      labelledBy="invitation"
      foot="Opening and accepting this link is recorded in the audit trail."
    >
      {offer.data !== undefined && (
        <>
          <h1 className="t20 b" id="invitation">
            Join {offer.data.organization.name}
          </h1>
          <p className="c2">
            {offer.data.invitedBy} invites you as {roleNames[offer.data.role].toLowerCase()}. The link works
            once, until <Time at={offer.data.expiresAt} full />.
          </p>
          <AcceptForm token={token} offer={offer.data} />
        </>
      )}
      {offer.data === undefined && isGone && (
        <>
          <h1 className="t20 b" id="invitation">
            This link is no longer valid
          </h1>
          <p className="c2">
            It was used, withdrawn or replaced, or it expired. Ask for a new invitation.{" "}
            <a className="link" href={`${basePath}/signin`}>
              Sign in
            </a>
          </p>
        </>
      )}
      {offer.data === undefined && !isGone && (
        <>
          <h1 className="t20 b" id="invitation">
            Invitation
          </h1>
          {offer.error === null ? (
            <Skeleton rows={4} label="invitation" />
          ) : (
            <Note tone="bad" title={`${offer.error.message}.`}>
              <Button onClick={() => void offer.refetch()}>Try again</Button>
            </Note>
          )}
        </>
      )}
    </SignInFrame>
  );
};
