import { createServer } from "node:http";
import Provider from "oidc-provider";

const client = { id: "wheelhouse", secret: "known to the journeys" };

/** A person signs in at the provider with this name and any password. */
export const personAtProvider = { login: "priya", email: "priya.raman@northwind.example" };
export const providerName = "Northwind ID";

/** An OpenID Connect provider on loopback, and the settings that connect the product to it. */
export const startIdentityProvider = async (): Promise<{
  environment: Record<string, string>;
  stop: () => Promise<void>;
}> => {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the provider has no port");
  const issuer = `http://127.0.0.1:${address.port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        // The product's port is not known yet; for a native client on loopback any port is accepted (RFC 8252).
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/signin/oidc/callback"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    cookies: { keys: ["journeys"] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        email: sub === personAtProvider.login ? personAtProvider.email : `${sub}@elsewhere.example`,
        email_verified: true,
      }),
    }),
  });
  const handle = provider.callback();
  return {
    environment: {
      WHEELHOUSE_OIDC_ISSUER: issuer,
      WHEELHOUSE_OIDC_CLIENT_ID: client.id,
      WHEELHOUSE_OIDC_CLIENT_SECRET: client.secret,
      WHEELHOUSE_OIDC_NAME: providerName,
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
