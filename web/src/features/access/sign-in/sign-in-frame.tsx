import type { ReactNode } from "react";
import styles from "../sign-in.module.css";

/** The page of someone who is not signed in: mark, one form in the middle, a line at the foot. `labelledBy`: id of its heading. */
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
