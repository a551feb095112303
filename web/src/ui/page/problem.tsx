import type { ReactNode } from "react";

/** A whole page that can only say one thing. */
export const Problem = ({ title, children }: { title: string; children: ReactNode }) => (
  <main className="problem-page">
    <h1 className="t20 b">{title}</h1>
    <p className="c2">{children}</p>
  </main>
);
