import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { overviewQuery } from "#features/overview/queries.ts";
import { ApiError } from "#lib/api/api.ts";
import { keepFirstAnswers } from "#lib/api/first-answers.ts";
import { sessionQuery } from "#lib/api/session.ts";
import { noteSignedOut } from "#lib/api/signed-out.ts";
import { pathInConsole } from "#lib/base-path.ts";
import { readBoot } from "#lib/boot.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { fetchAheadWhenUsed } from "#lib/on-demand.ts";
import "#styles/tokens.css";
import "#styles/base.css";
import "#styles/console.css";
import { createAppRouter } from "./router.ts";

const maxRetries = 2;

/** Only temporary failures are retried: no response, or the server reported that it is unavailable. */
const isPassing = (error: Error): boolean =>
  error instanceof ApiError && ["network", "timeout", "unavailable"].includes(error.code);

const onError = (error: Error): void => {
  const { href, origin } = window.location;
  const next = pathInConsole(href.slice(origin.length));
  if (!(error instanceof ApiError) || error.code !== "unauthenticated" || /^\/signin(\?|$)/.test(next))
    return;
  noteSignedOut(error.message);
  void router.navigate({ to: "/signin", search: { next } });
};

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < maxRetries && isPassing(error),
      refetchOnWindowFocus: false,
    },
    mutations: { retry: false },
  },
});
const router = createAppRouter(queryClient);

const { session, overview, answers, signedOut } = readBoot();
if (signedOut !== null) noteSignedOut(signedOut.reason);
if (session !== null) {
  serverClock.hear(session.serverTime);
  const { slug } = session.organization;
  keepFirstAnswers(slug, answers);
  queryClient.setQueryData(sessionQuery(slug).queryKey, session);
  if (!pathInConsole(window.location.pathname).startsWith("/o/"))
    queryClient.setQueryData(sessionQuery().queryKey, session);
  if (overview !== null) queryClient.setQueryData(overviewQuery(slug).queryKey, overview);
}

fetchAheadWhenUsed();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
