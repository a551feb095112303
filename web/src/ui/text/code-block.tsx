import { useState } from "react";
import { Button } from "#ui/page/button.tsx";

const copiedMs = 1500;

/** Copies text; the button label is the only feedback. */
export const CopyButton = ({ text, label = "Copy" }: { text: string; label?: string }) => {
  const [done, setDone] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), copiedMs);
    });
  };
  return (
    <Button variant="ghost" onClick={copy}>
      {done ? "Copied" : label}
    </Button>
  );
};

/** A scrollable region must be reachable by keyboard. */
const scrollable = { tabIndex: 0 };

/** Untrusted text, shown as text and never as markup. `head`: lines with gray names, such as headers. */
export const CodeBlock = (props: {
  label: string;
  head?: readonly { name: string; value: string }[];
  firstLine?: string;
  text: string;
}) => (
  <section className="code-wrap" aria-label={props.label}>
    <pre className="code" {...scrollable}>
      {props.firstLine !== undefined && `${props.firstLine}\n`}
      {props.head?.map(({ name, value }) => (
        <span key={name}>
          <i>{name}:</i> {value}
          {"\n"}
        </span>
      ))}
      {(props.firstLine !== undefined || (props.head?.length ?? 0) > 0) && props.text !== "" && "\n"}
      {props.text}
    </pre>
  </section>
);

/** Indents JSON; returns other text unchanged. */
export const prettyJson = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};
