import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { Tabs } from "#ui/page/tabs.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import css from "./endpoint.module.css";
import { nodeSample, pythonSample } from "./samples.ts";

/** Code that verifies the signature of a delivery. */
export const Verification = ({ endpoint }: { endpoint: WebhookEndpoint }) => {
  const [language, setLanguage] = useState("node");
  const sample = language === "python" ? pythonSample(endpoint) : nodeSample(endpoint);
  return (
    <section className={css.section} aria-label="Verify deliveries">
      <h3 className="h">Verify deliveries</h3>
      <Tabs
        label="Language"
        tabs={[
          { id: "node", label: "Node" },
          { id: "python", label: "Python" },
        ]}
        value={language}
        onChange={setLanguage}
        aside={<CopyButton text={sample} label="Copy sample" />}
      >
        <CodeBlock label="Receiver that verifies deliveries" text={sample} />
      </Tabs>
    </section>
  );
};
