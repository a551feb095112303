import { sampleRequest } from "@wheelhouse/shared/webhooks/sample.ts";
import type { WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { Redaction } from "./redaction.tsx";
import { intakeUrl, limitWords, schemeWords, secretWord } from "./source-words.ts";

export type SourceAct = "edit" | "redact" | "rotate" | "delete";

const secretFact = ({ scheme, secretHint, publicKey, previousSecretUntil }: WebhookSource) => ({
  label: publicKey === null ? secretWord(scheme) : "Public key",
  value:
    secretHint === null ? (
      "none"
    ) : (
      <>
        <span className="mono">{publicKey ?? `···· ${secretHint}`}</span>
        {previousSecretUntil !== null && (
          <>
            , the former one until <Time at={previousSecretUntil} full />
          </>
        )}
      </>
    ),
});

const ruleFacts = ({ rules, scheme }: WebhookSource) =>
  [
    {
      label: "Signature",
      value:
        scheme === "hmac" &&
        rules.signatureHeader !== null &&
        `${rules.signatureHeader}: ${rules.prefix}… in ${rules.encoding === "hex" ? "hexadecimal" : "base64"}`,
    },
    { label: "Time", value: rules.timestampHeader },
    { label: "Event id", value: rules.idHeader },
    { label: "Event type", value: rules.typeHeader },
  ].flatMap(({ label, value }) =>
    value === null || value === false ? [] : [{ label, value: <span className="mono">{value}</span> }],
  );

/** What the address accepts, and what its events are found by. */
const intakeFacts = ({ addresses, searchFields, maxBodyBytes }: WebhookSource) => [
  {
    label: "Addresses",
    value: addresses.length === 0 ? "all" : <span className="mono">{addresses.join(", ")}</span>,
  },
  {
    label: "Searched by",
    value:
      searchFields.length === 0 ? (
        <span className="c3">ids only</span>
      ) : (
        <span className="mono">{searchFields.join(", ")}</span>
      ),
  },
  { label: "Largest body", value: limitWords(maxBodyBytes) },
];

const Sample = ({ source }: { source: WebhookSource }) => {
  const sample = sampleRequest(source, intakeUrl(source));
  if (sample === undefined) return null;
  return (
    <section className={css.section} aria-label="Sample request">
      <div className="row">
        <h3 className={`${css.seriesTitle} grow`}>Sample request</h3>
        <CopyButton text={sample} label="Copy sample" />
      </div>
      <CodeBlock label="Shell script of the sample request" text={sample} />
    </section>
  );
};

/** A source: the address to paste at the sender, a request that works, and its settings. */
export const SourceDrawer = (props: {
  source: WebhookSource;
  onAct: ((act: SourceAct) => void) | null;
  address: PageAddress<WebhooksSearch>;
  onClose: () => void;
}) => {
  const { source, onAct, address, onClose } = props;
  const url = intakeUrl(source);
  return (
    <Drawer
      label={`Source ${source.name}`}
      title={source.name}
      status={<span className="c2">{schemeWords[source.scheme]}</span>}
      onClose={onClose}
      footer={
        onAct !== null && (
          <>
            <Button variant="primary" onClick={() => onAct("edit")}>
              Edit…
            </Button>
            {source.secretHint !== null && <Button onClick={() => onAct("rotate")}>Rotate secret…</Button>}
            <span className="grow" />
            <Button variant="ghost" onClick={() => onAct("delete")}>
              Delete…
            </Button>
          </>
        )
      }
    >
      <section className={css.firstSection} aria-label="Address to paste at the sender">
        <div className="row">
          <h3 className={`${css.seriesTitle} grow`}>Address to paste at the sender</h3>
          <CopyButton text={url} label="Copy address" />
        </div>
        <CodeBlock label="Intake URL" text={url} />
      </section>
      <Facts
        facts={[
          secretFact(source),
          ...ruleFacts(source),
          ...intakeFacts(source),
          { label: "Created", value: <Time at={source.createdAt} full /> },
          {
            label: "Events",
            value: (
              <AddressLink className="link" address={address} to={{ tab: "events", sourceId: [source.id] }}>
                Show its events
              </AddressLink>
            ),
          },
        ]}
      />
      <Redaction redaction={source.redaction} onEdit={onAct === null ? null : () => onAct("redact")} />
      <Sample source={source} />
    </Drawer>
  );
};
