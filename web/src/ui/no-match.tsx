import { Empty } from "#ui/panel.tsx";

/** What a list says when its filter leaves nothing, with the way out of it. */
export const NoMatch = ({ title, onClear }: { title: string; onClear: () => void }) => (
  <Empty title={title}>
    <button type="button" className="btn" onClick={onClear}>
      Clear filter
    </button>
  </Empty>
);
