import { type FormEvent, type ToggleEvent, useId, useRef, useState } from "react";
import type { Zone } from "#lib/format.ts";
import { parseRange, rangeName, type TimeRange } from "#lib/history/time-range.ts";
import { Button } from "#ui/page/button.tsx";

const offered = ["15m", "1h", "4h", "today", "yesterday", "7d"] as const;
const examples = "05:30-05:40, 2026-11-18, 2026-11-18 22:00 - 2026-11-19 02:00";

type RangePickerProps = {
  range: TimeRange;
  nowMs: number;
  zone: Zone;
  onChange: (range: TimeRange) => void;
};

const Offered = (props: {
  text: string;
  nowMs: number;
  zone: Zone;
  onChoose: (range: TimeRange) => void;
}) => {
  const range = parseRange(props.text, props.nowMs, props.zone) ?? {};
  return (
    <button type="button" className="it" onClick={() => props.onChoose(range)}>
      <span className="mono">{props.text}</span>
      <span className="grow" />
      <span className="c3 t12">{rangeName(range, props.nowMs, props.zone)}</span>
    </button>
  );
};

const Choices = (props: RangePickerProps & { onDone: () => void }) => {
  const { range, nowMs, zone, onChange, onDone } = props;
  const id = useId();
  const [typed, setTyped] = useState("");
  const meant = parseRange(typed, nowMs, zone);
  const isUnread = typed.trim() !== "" && meant === undefined;
  const choose = (next: TimeRange) => {
    onChange({ from: next.from, to: next.to });
    onDone();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (meant !== undefined) choose(meant);
  };
  return (
    <>
      <form noValidate className="range-typed" onSubmit={submit}>
        <input
          className="field"
          aria-label="Type a time range"
          placeholder="Type a range"
          aria-describedby={id}
          aria-invalid={isUnread}
          autoComplete="off"
          spellCheck={false}
          maxLength={60}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit" disabled={meant === undefined}>
          Apply
        </Button>
        <p id={id} role="status" className={`t12 ${isUnread ? "tx-warn" : "c3"}`}>
          {meant !== undefined
            ? rangeName(meant, nowMs, zone)
            : isUnread
              ? `Not a range. Try ${examples}`
              : examples}
        </p>
      </form>
      <hr />
      {offered.map((text) => (
        <Offered key={text} text={text} nowMs={nowMs} zone={zone} onChoose={choose} />
      ))}
      {(range.from ?? range.to) !== undefined && (
        <>
          <hr />
          <button type="button" className="it" onClick={() => choose({})}>
            Any time
          </button>
        </>
      )}
    </>
  );
};

const gapPx = 4;

/** Range of time of a list, typed or chosen; clock times are in `zone`. */
export const RangePicker = (props: RangePickerProps) => {
  const { range, nowMs, zone } = props;
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const name = rangeName(range, nowMs, zone);
  const follow = ({ newState }: ToggleEvent) => {
    const place = button.current?.getBoundingClientRect();
    setIsOpen(newState === "open");
    if (menu.current === null || place === undefined) return;
    menu.current.style.top = `${place.bottom + gapPx}px`;
    menu.current.style.right = `${Math.max(0, document.documentElement.clientWidth - place.right)}px`;
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="btn"
        popoverTarget={id}
        aria-label={`Time range: ${name}`}
      >
        {name.charAt(0).toUpperCase() + name.slice(1)}
      </button>
      <div ref={menu} id={id} popover="auto" className="menu range-menu" onBeforeToggle={follow}>
        {isOpen && (
          <Choices
            range={range}
            nowMs={nowMs}
            zone={zone}
            onChange={props.onChange}
            onDone={() => menu.current?.hidePopover()}
          />
        )}
      </div>
    </>
  );
};
