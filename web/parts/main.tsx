import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import "#styles/tokens.css";
import "#styles/base.css";
import "#styles/console.css";
import "./parts.css";
import { answerHistory } from "./history-answers.ts";
import type { Part } from "./part.ts";
import { parts } from "./parts.ts";
import { StateFrame } from "./state-frame.tsx";

globalThis.fetch = answerHistory;

const themes = ["light", "dark"] as const;
const anchorOf = (name: string) => name.toLowerCase().replaceAll(" ", "-");

const State = ({ part, state }: { part: Part; state: Part["states"][number] }) => (
  <div className="parts-state">
    <h3>{state.name}</h3>
    <div className="parts-pair">
      {themes.map((theme) => (
        <div key={theme} data-theme={theme} className="parts-theme">
          {part.isOverlay === true ? (
            <StateFrame
              title={`${part.name}, ${state.name}, ${theme}`}
              src={`?part=${encodeURIComponent(part.name)}&state=${encodeURIComponent(state.name)}&theme=${theme}`}
            />
          ) : (
            state.node
          )}
        </div>
      ))}
    </div>
  </div>
);

const AllParts = () => (
  <div className="parts">
    <nav aria-label="Parts">
      {parts.map(({ name }) => (
        <a key={name} href={`#${anchorOf(name)}`}>
          {name}
        </a>
      ))}
    </nav>
    <main>
      {parts.map((part) => (
        <section key={part.name} id={anchorOf(part.name)}>
          <h2>{part.name}</h2>
          {part.states.map((state) => (
            <State key={state.name} part={part} state={state} />
          ))}
        </section>
      ))}
    </main>
  </div>
);

/** What the address asks for alone, in the theme that it names. */
const aloneIn = (search: URLSearchParams) => {
  const part = parts.find(({ name }) => name === search.get("part"));
  return part?.states.find(({ name }) => name === search.get("state"))?.node;
};

const search = new URLSearchParams(window.location.search);
document.documentElement.dataset.theme = search.get("theme") ?? "light";
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <QueryClientProvider client={queryClient}>{aloneIn(search) ?? <AllParts />}</QueryClientProvider>,
  );
