import {
  bodyLimit,
  type SourceRules,
  type SourceScheme,
  sourceSchemes,
  type WebhookSource,
} from "@wheelhouse/shared/webhooks/senders.ts";
import { useState } from "react";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { bytesOf, limitWords, listed, maxLimitWords, schemeWords } from "./source-words.ts";

type Complaint = (field: string) => string | undefined;

const noRules: SourceRules = {
  signatureHeader: null,
  encoding: "hex",
  prefix: "",
  timestampHeader: null,
  idHeader: null,
  typeHeader: null,
};

/** Names of the fields below, as the server names them. */
export const settingFields = [
  "addresses",
  "maxBodyBytes",
  "searchFields",
  "rules",
  "signatureHeader",
  "encoding",
  "prefix",
  "timestampHeader",
  "idHeader",
  "typeHeader",
];

/** State of the settings of a source. */
export const useSettings = (source?: WebhookSource) => {
  const [rules, setRules] = useState<SourceRules>(source?.rules ?? noRules);
  const [addresses, setAddresses] = useState(source?.addresses.join(", ") ?? "");
  const [limit, setLimit] = useState(
    limitWords(source?.maxBodyBytes ?? bodyLimit.defaultBytes).replace(" MiB", ""),
  );
  const [searched, setSearched] = useState(source?.searchFields.join(", ") ?? "");
  const maxBodyBytes = bytesOf(limit);
  return {
    rules,
    addresses,
    limit,
    searched,
    setRules,
    setAddresses,
    setLimit,
    setSearched,
    isReady: Number.isFinite(maxBodyBytes),
    /** For the body of a request. */
    settings: { rules, addresses: listed(addresses), maxBodyBytes, searchFields: listed(searched) },
  };
};
type Settings = ReturnType<typeof useSettings>;

export const SchemeField = (props: {
  scheme: SourceScheme;
  error: string | undefined;
  onScheme: (scheme: SourceScheme) => void;
}) => (
  <FormField label="Sender" hint="How it proves that an event is its own" error={props.error}>
    {(control) => (
      <Select
        {...control}
        className="field"
        value={props.scheme}
        onChange={(event) =>
          props.onScheme(sourceSchemes.find((one) => one === event.target.value) ?? "standard")
        }
      >
        {sourceSchemes.map((one) => (
          <option key={one} value={one}>
            {schemeWords[one]}
          </option>
        ))}
      </Select>
    )}
  </FormField>
);

type HeaderRule = "signatureHeader" | "timestampHeader" | "idHeader" | "typeHeader";

const HeaderField = (props: {
  rule: HeaderRule;
  label: string;
  hint: string;
  settings: Settings;
  complaint: Complaint;
}) => {
  const { rule, settings, complaint } = props;
  const { rules, setRules } = settings;
  return (
    <TextField
      label={props.label}
      hint={props.hint}
      error={complaint(rule)}
      isMono
      maxLength={60}
      value={rules[rule] ?? ""}
      onChange={(text) => setRules({ ...rules, [rule]: text.trim() === "" ? null : text.trim() })}
    />
  );
};

const SignatureFields = ({ settings, complaint }: { settings: Settings; complaint: Complaint }) => {
  const { rules, setRules } = settings;
  return (
    <>
      <HeaderField
        rule="signatureHeader"
        label="Header of the signature"
        hint="HMAC-SHA256 with the shared secret"
        settings={settings}
        complaint={complaint}
      />
      <FormField label="Written as" hint="Base64 or hexadecimal" error={complaint("encoding")}>
        {(control) => (
          <Select
            {...control}
            className="field"
            value={rules.encoding}
            onChange={(event) =>
              setRules({ ...rules, encoding: event.target.value === "base64" ? "base64" : "hex" })
            }
          >
            <option value="hex">hexadecimal</option>
            <option value="base64">base64</option>
          </Select>
        )}
      </FormField>
      <TextField
        label="Prefix"
        hint="What stands before the signature, such as sha256="
        error={complaint("prefix")}
        isMono
        maxLength={40}
        value={rules.prefix}
        onChange={(prefix) => setRules({ ...rules, prefix })}
      />
      <HeaderField
        rule="timestampHeader"
        label="Header of the time"
        hint="If set, “time.body” is signed instead of the body, and old requests are refused"
        settings={settings}
        complaint={complaint}
      />
    </>
  );
};

const ruled: readonly SourceScheme[] = ["hmac", "bearer", "addresses"];

/** What a source of this scheme needs beside its name and secret. */
export const SettingFields = (props: { scheme: SourceScheme; settings: Settings; complaint: Complaint }) => {
  const { scheme, settings, complaint } = props;
  return (
    <>
      {scheme === "hmac" && <SignatureFields settings={settings} complaint={complaint} />}
      {ruled.includes(scheme) && (
        <>
          <HeaderField
            rule="idHeader"
            label="Header of the event's id"
            hint="Repeated events are recognized by it; without it each request is an event of its own"
            settings={settings}
            complaint={complaint}
          />
          <HeaderField
            rule="typeHeader"
            label="Header of the event's type"
            hint="Leave empty if the JSON of the body has it as “type”"
            settings={settings}
            complaint={complaint}
          />
        </>
      )}
      <TextField
        label="Addresses"
        hint={
          scheme === "addresses"
            ? "Required, since nothing else proves who sends: addresses or CIDR blocks, separated by commas"
            : "Addresses or CIDR blocks, separated by commas; leave empty to take requests from everywhere"
        }
        error={complaint("addresses")}
        isMono
        value={settings.addresses}
        onChange={settings.setAddresses}
      />
      <TextField
        label="Largest body in MiB"
        hint={`Larger requests are refused; at most ${maxLimitWords}`}
        error={complaint("maxBodyBytes")}
        isNumber
        maxLength={8}
        value={settings.limit}
        onChange={settings.setLimit}
      />
      <TextField
        label="Fields to search by"
        hint="Up to 5 paths such as data.orderId, separated by commas; their values are stored in clear text"
        error={complaint("searchFields")}
        isMono
        value={settings.searched}
        onChange={settings.setSearched}
      />
    </>
  );
};
