import type { ComponentProps } from "react";

/**
 * The text is a verb with its object, with `…` if a dialog follows. At most one `primary` per page or dialog.
 */
export const Button = ({
  variant = "plain",
  large = false,
  className = "",
  type = "button",
  ...rest
}: Omit<ComponentProps<"button">, "className"> & {
  className?: string | undefined;
  variant?: "plain" | "primary" | "danger" | "danger-solid" | "ghost";
  large?: boolean;
}) => (
  <button
    type={type}
    className={`btn${variant === "plain" ? "" : ` ${variant}`}${large ? " lg" : ""} ${className}`.trim()}
    {...rest}
  />
);
