import { type ComponentProps, type ReactNode, useState } from "react";
import { FilterBar } from "#ui/filter/filter-bar.tsx";
import type { Filter } from "#ui/filter/filter-tokens.ts";
import { RangePicker } from "#ui/filter/range-picker.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Checkbox, Radio } from "#ui/form/checkbox.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Tabs } from "#ui/page/tabs.tsx";
import { TailStrip } from "#ui/table/tail-strip.tsx";
import { doNothing, type Part } from "./part.ts";

/** Holds what a person types, as the page around a part does. */
const Held = <T,>(props: { first: T; children: (value: T, change: (value: T) => void) => ReactNode }) => {
  const [value, setValue] = useState(props.first);
  return props.children(value, setValue);
};

const filterKeys = [
  {
    key: "state",
    canNegate: true,
    values: [
      { value: "dead", label: "dead letter" },
      { value: "delivered", detail: "412" },
    ],
  },
  { key: "endpoint", values: [{ value: "orders" }, { value: "billing" }] },
];
const filterOf = (filter: Filter) => (
  <Held first={filter}>
    {(value, change) => (
      <FilterBar label="Filter deliveries" keys={filterKeys} filter={value} onChange={change} />
    )}
  </Held>
);
const reasonOf = (reason: string, error?: string) => (
  <Held first={reason}>
    {(value, change) => <ReasonField reason={value} error={error} onChange={change} onSend={doNothing} />}
  </Held>
);

const looks = [
  { value: "board", label: "Board" },
  { value: "list", label: "List" },
  { value: "map", label: "Map" },
] as const;
const segmentsOf = (group?: ComponentProps<typeof Segments>["group"]) => (
  <Held<(typeof looks)[number]["value"]> first="list">
    {(value, onChange) => (
      <Segments options={looks} value={value} onChange={onChange} {...(group && { group })} />
    )}
  </Held>
);

const Ticked = (props: { label: string; isOn?: boolean; isSome?: boolean; isDisabled?: boolean }) => (
  <Held first={props.isOn === true}>
    {(value, change) => (
      <label className="row">
        <Checkbox
          checked={value}
          isSome={props.isSome === true}
          disabled={props.isDisabled === true}
          onChange={({ target }) => change(target.checked)}
        />{" "}
        {props.label}
      </label>
    )}
  </Held>
);
const rolesOf = (className: string) => (
  <Held first="viewer">
    {(value, change) => (
      <Select
        className={className}
        aria-label="Role"
        value={value}
        onChange={({ target }) => change(target.value)}
      >
        <option value="viewer">Viewer</option>
        <option value="operator">Operator</option>
        <option value="admin">Admin</option>
      </Select>
    )}
  </Held>
);

const noonMs = Date.parse("2026-11-19T12:00:00Z");

/** What a person types into, and switches between. */
export const formParts: readonly Part[] = [
  {
    name: "Text field",
    shows: [TextField],
    states: [
      {
        name: "with a hint",
        node: (
          <Held first="orders">
            {(value, onChange) => (
              <TextField
                label="Name"
                hint="Letters, digits, hyphens"
                error={undefined}
                value={value}
                onChange={onChange}
              />
            )}
          </Held>
        ),
      },
      {
        name: "refused",
        node: (
          <Held first="Orders!">
            {(value, onChange) => (
              <TextField
                label="Name"
                error="Only letters, digits and hyphens"
                value={value}
                onChange={onChange}
              />
            )}
          </Held>
        ),
      },
      {
        name: "several lines",
        node: (
          <Held first={"x-one: 1\nx-two: 2"}>
            {(value, onChange) => (
              <TextField label="Headers" error={undefined} rows={3} value={value} onChange={onChange} />
            )}
          </Held>
        ),
      },
      {
        name: "monospaced secret",
        node: (
          <Held first="whsec_4Xq">
            {(value, onChange) => (
              <TextField label="Secret" error={undefined} isSecret isMono value={value} onChange={onChange} />
            )}
          </Held>
        ),
      },
    ],
  },
  {
    name: "Form field",
    shows: [FormField],
    states: [
      {
        name: "any control",
        node: (
          <FormField label="Role" hint="What the member may do">
            {(control) => (
              <select className="field" {...control}>
                <option>Viewer</option>
              </select>
            )}
          </FormField>
        ),
      },
      {
        name: "refused",
        node: (
          <FormField label="Role" error="You cannot change your own role">
            {(control) => (
              <select className="field" {...control}>
                <option>Admin</option>
              </select>
            )}
          </FormField>
        ),
      },
    ],
  },
  {
    name: "Reason field",
    shows: [ReasonField],
    states: [
      { name: "empty", node: reasonOf("") },
      { name: "near its limit", node: reasonOf("a".repeat(470)) },
      { name: "refused", node: reasonOf("no", "Give a reason of at least 3 characters") },
    ],
  },
  {
    name: "Filter bar",
    shows: [FilterBar],
    states: [
      { name: "empty", node: filterOf({ tokens: [], text: "" }) },
      {
        name: "tokens and text",
        node: filterOf({
          tokens: [
            { key: "state", value: "dead" },
            { key: "-state", value: "delivered" },
            { key: "endpoint", value: "orders,billing" },
          ],
          text: "invoice",
        }),
      },
    ],
  },
  {
    name: "Checkbox",
    shows: [Checkbox],
    states: [
      { name: "off", node: <Ticked label="Shared" /> },
      { name: "on", node: <Ticked label="Shared" isOn /> },
      { name: "some", node: <Ticked label="12 of 40 selected" isSome /> },
      { name: "disabled", node: <Ticked label="Shared" isOn isDisabled /> },
    ],
  },
  {
    name: "Radio",
    shows: [Radio],
    states: [
      {
        name: "one of three",
        node: (
          <Held first="tag">
            {(value, change) =>
              ["key", "tag", "pattern"].map((one) => (
                <label key={one} className="row">
                  <Radio name="parts-by" checked={one === value} onChange={() => change(one)} /> By {one}
                </label>
              ))
            }
          </Held>
        ),
      },
    ],
  },
  {
    name: "Select",
    shows: [Select],
    states: [
      { name: "in a form", node: rolesOf("field") },
      { name: "in a bar", node: rolesOf("btn") },
    ],
  },
  {
    name: "Range picker",
    shows: [RangePicker],
    states: [
      { name: "any time", node: <RangePicker range={{}} nowMs={noonMs} zone="utc" onChange={doNothing} /> },
      {
        name: "ten minutes",
        node: (
          <RangePicker
            range={{ from: "2026-11-19T05:30:00Z", to: "2026-11-19T05:40:00Z" }}
            nowMs={noonMs}
            zone="utc"
            onChange={doNothing}
          />
        ),
      },
    ],
  },
  {
    name: "Segments",
    shows: [Segments],
    states: [
      { name: "bare", node: segmentsOf() },
      { name: "a group with a label of its own", node: segmentsOf({ label: "Look" }) },
    ],
  },
  {
    name: "Tabs",
    shows: [Tabs],
    states: [
      {
        name: "with counts and an aside",
        node: (
          <Held first="attempts">
            {(value, onChange) => (
              <Tabs
                label="Delivery"
                tabs={[
                  { id: "attempts", label: "Attempts", note: 3 },
                  { id: "payload", label: "Payload" },
                ]}
                aside="4.1 kB"
                value={value}
                onChange={onChange}
              >
                The panel of {value}.
              </Tabs>
            )}
          </Held>
        ),
      },
    ],
  },
  {
    name: "Tail strip",
    shows: [TailStrip],
    states: [
      {
        name: "running",
        node: <TailStrip isPaused={false} newCount={0} onToggle={doNothing} text="12:00:00 to now" />,
      },
      {
        name: "paused",
        node: (
          <TailStrip
            isPaused
            newCount={0}
            onToggle={doNothing}
            text="Paused while you read. Newest shown: 09:14:08"
          />
        ),
      },
      {
        name: "paused, rows wait",
        node: (
          <TailStrip
            isPaused
            newCount={37}
            onToggle={doNothing}
            text="Paused while you read. Newest shown: 09:14:08"
          />
        ),
      },
    ],
  },
];
