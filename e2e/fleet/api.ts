import { organizationHeader, type SessionView, sessionView } from "@wheelhouse/shared/access/access.ts";
import { errorBody } from "@wheelhouse/shared/errors.ts";
import { z } from "zod";

const callTimeoutMs = 10_000;

export type Answer = { status: number; body: unknown };

/** A signed-in caller of Wheelhouse's API. */
export type Api = {
  session: SessionView;
  /** Sends to `/api/v1<path>`; does not throw on any status, only if there is no answer within 10 s. */
  send: (method: string, path: string, body?: unknown) => Promise<Answer>;
  signOut: () => Promise<void>;
};

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .join("; ");

const wordsOf = ({ status, body }: Answer): string => {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return `status ${status}`;
  const { code, message, details } = parsed.data.error;
  return `${status} ${code}: ${message} ${JSON.stringify(details ?? [])}`;
};

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
};

/** Checks that the call succeeded and that its answer has the right shape; the error names what was wrong. */
export const expectAnswer = <S extends z.ZodType>(what: string, answer: Answer, shape: S): z.output<S> => {
  if (answer.status < 200 || answer.status > 299) throw new Error(`${what}: ${wordsOf(answer)}`);
  return shape.parse(answer.body);
};

/** Signs in with an e-mail address and a password; throws when refused. */
export const signIn = async (baseUrl: string, email: string, password: string): Promise<Api> => {
  const request = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
    fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers: {
        origin: new URL(baseUrl).origin,
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(callTimeoutMs),
    });
  const response = await request("POST", "/session", {}, { email, password });
  const cookie = cookieOf(response);
  const session = expectAnswer(
    `sign-in of ${email}`,
    { status: response.status, body: await bodyOf(response) },
    sessionView,
  );
  const send: Api["send"] = async (method, path, body) => {
    const answer = await request(
      method,
      path,
      { cookie, [organizationHeader]: session.organization.id },
      body,
    );
    return { status: answer.status, body: await bodyOf(answer) };
  };
  return {
    session,
    send,
    signOut: async () => {
      await send("DELETE", "/session");
    },
  };
};

const credential = z.object({
  email: z.string(),
  password: z.string(),
  role: z.string(),
  organization: z.string(),
});
export type Credential = z.infer<typeof credential>;

/** `credentials.json` of the installation: the first root's users first, then the second's. */
export const parseCredentials = (text: string): Credential[] => z.array(credential).parse(JSON.parse(text));
