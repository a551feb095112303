import { CopyButton } from "./code-block.tsx";
import css from "./secret-text.module.css";

/** A secret in full with a copy button. `testId` is how tests find the text. */
export const SecretText = ({ text, copy, testId }: { text: string; copy: string; testId: string }) => (
  <div className={css.secret}>
    <code className="mono" data-testid={testId}>
      {text}
    </code>
    <CopyButton text={text} label={copy} />
  </div>
);
