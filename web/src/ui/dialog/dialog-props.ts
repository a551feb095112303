import type { ReactNode } from "react";

export type DialogProps = {
  title: string;
  onClose: () => void;
  footer?: ReactNode;
  children: ReactNode;
  /** `palette`: no visible header, near the top. */
  look?: "dialog" | "palette";
};
