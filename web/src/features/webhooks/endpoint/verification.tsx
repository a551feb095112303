import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { Segments } from "#ui/filter/segments.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import css from "./endpoint.module.css";
import { nodeSample, pythonSample } from "./samples.ts";

const languages = [
  { value: "node", label: "Node" },
  { value: "python", label: "Python" },
] as const;

/** Code that verifies the signature of a delivery. */
export const Verification = ({ endpoint }: { endpoint: WebhookEndpoint }) => {
  const [language, setLanguage] = useState<"node" | "python">("node");
  const sample = language === "python" ? pythonSample(endpoint) : nodeSample(endpoint);
  return (
    <section className={css.section} aria-label="Verify deliveries">
      <div className={css.line}>
        <h3 className="h grow">Verify deliveries</h3>
        <CopyButton text={sample} label="Copy sample" />
        <Segments
          options={languages}
          value={language}
          onChange={setLanguage}
          group={{ label: "Language of the sample" }}
        />
      </div>
      <CodeBlock label="Receiver that verifies deliveries" text={sample} />
    </section>
  );
};
