import type { ReactNode } from "react";
import { Icon } from "#ui/text/icon.tsx";

const icons = { plain: "stale", warn: "degraded", bad: "down" } as const;

/** A tinted box with a bold first sentence (`title`). At most one per view. */
export const Note = (props: { tone?: keyof typeof icons; title: string; children?: ReactNode }) => {
  const { tone = "plain", title, children } = props;
  return (
    <div className={`note${tone === "plain" ? "" : ` ${tone}`}`}>
      <Icon name={icons[tone]} />
      <div>
        <b>{title}</b> {children}
      </div>
    </div>
  );
};
