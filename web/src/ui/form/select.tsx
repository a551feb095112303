import type { ComponentProps } from "react";

/** A list to choose one value from; where the browser lets us, its menu looks like our others. */
export const Select = ({ className = "field", ...select }: ComponentProps<"select">) => (
  <select {...select} className={`select ${className}`} />
);
