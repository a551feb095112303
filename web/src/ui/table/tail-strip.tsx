import type { ReactNode } from "react";
import { useKeys } from "#lib/keys.ts";
import { Button } from "#ui/page/button.tsx";

/**
 * Reserved strip above a live list, so that nothing jumps when it fills. While paused it shows how many rows
 * are waiting. Space pauses and resumes.
 */
export const TailStrip = (props: {
  isPaused: boolean;
  newCount: number;
  onToggle: () => void;
  /** Left text: the shown range, or "Paused while you are reading, newest shown 09:14:08". */
  text: ReactNode;
  /** Label of the resume button. */
  resumeLabel?: string;
  /** Further buttons, left of resume. */
  children?: ReactNode;
}) => {
  const { isPaused, newCount, onToggle, text, resumeLabel = "Resume", children } = props;
  useKeys([{ keys: " ", label: "Pause or resume the list", group: "List", run: onToggle }]);
  return (
    <div className="tail">
      <span className="grow cut">{text}</span>
      {children}
      {isPaused && (
        <Button className="tail-resume" onClick={onToggle}>
          {newCount > 0 ? `${newCount} new · ${resumeLabel}` : resumeLabel} <kbd>Space</kbd>
        </Button>
      )}
    </div>
  );
};
