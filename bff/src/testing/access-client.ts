import type { Role } from "@wheelhouse/shared/capabilities.ts";
import type { InjectOptions } from "fastify";
import { z } from "zod";
import type { TestApp } from "./access-app.ts";

const signedIn = z.object({
  user: z.object({ id: z.string() }),
  organization: z.object({ id: z.string(), slug: z.string() }),
});

/** Calls the API as one of the demo's people, with the cookie from signing in. */
export async function signInAs(
  test: TestApp,
  role: Role,
  organization = "northwind",
  remoteAddress = "127.0.0.1",
) {
  const person = test.credentials.find((one) => one.role === role && one.organization === organization);
  if (!person) throw new Error(`no ${role} of ${organization} in the demo`);
  const answer = await test.app.inject({
    method: "POST",
    url: "/api/v1/session",
    payload: { email: person.email, password: person.password },
    remoteAddress,
  });
  if (answer.statusCode !== 200) throw new Error(`sign-in failed: ${answer.body}`);
  const [cookie] = answer.cookies;
  if (!cookie) throw new Error("no cookie");
  const view = signedIn.parse(answer.json());
  return {
    person,
    userId: view.user.id,
    organizationId: view.organization.id,
    cookie: cookie.value,
    call: (
      method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
      path: string,
      { headers, ...rest }: Omit<InjectOptions, "url" | "method" | "path"> = {},
    ) =>
      test.app.inject({
        method,
        url: `/api/v1${path}`,
        headers: { cookie: `${cookie.name}=${cookie.value}`, "sec-fetch-site": "same-origin", ...headers },
        ...rest,
      }),
  };
}
