import type { ReactNode } from "react";

/** A page that shows only a title and a way on. */
export const Problem = ({ title, children }: { title: string; children: ReactNode }) => (
  <main className="problem-page">
    <h1 className="t20 b">{title}</h1>
    <p className="c2">{children}</p>
  </main>
);
