import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";

type Tab = { id: string; label: string; note?: ReactNode };

/** Small tabs inside a drawer. `aside` is at the right end of the row; `children` is the panel. */
export const Tabs = (props: {
  label: string;
  tabs: readonly Tab[];
  value: string;
  onChange: (id: string) => void;
  aside?: ReactNode;
  children: ReactNode;
}) => (
  <Radix.Root value={props.value} onValueChange={props.onChange}>
    <Radix.List className="tabs small" aria-label={props.label}>
      {props.tabs.map(({ id, label, note }) => (
        <Radix.Trigger key={id} value={id} className="tab">
          {label}
          {note !== undefined && <span className="n">{note}</span>}
        </Radix.Trigger>
      ))}
      {props.aside !== undefined && <span className="tabs-aside c3">{props.aside}</span>}
    </Radix.List>
    <Radix.Content value={props.value} tabIndex={-1}>
      {props.children}
    </Radix.Content>
  </Radix.Root>
);
