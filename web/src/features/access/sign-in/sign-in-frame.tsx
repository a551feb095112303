import type { ReactNode } from "react";
import styles from "../sign-in.module.css";

/**
 * Page for people who are not signed in: logo, one centered form and a footer line. `labelledBy`: id of its
 * heading.
 */
export const SignInFrame = (props: { labelledBy: string; foot: string; children: ReactNode }) => (
  <div className={styles.page}>
    <header className={styles.bar}>
      <span className={styles.mark}>W</span>Wheelhouse
    </header>
    <main className={styles.middle}>
      <section className={styles.form} aria-labelledby={props.labelledBy}>
        {props.children}
      </section>
    </main>
    <footer className={styles.foot}>{props.foot}</footer>
  </div>
);
