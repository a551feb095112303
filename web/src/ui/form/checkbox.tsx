import { type ComponentProps, useEffect, useRef } from "react";

type CheckboxProps = Omit<ComponentProps<"input">, "type" | "ref" | "className"> & {
  /** Part of what it stands for is chosen; shown as a dash. */
  isSome?: boolean;
};

/** The one kind of checkbox; its label is around it or in `aria-label`. */
export const Checkbox = ({ isSome = false, ...input }: CheckboxProps) => {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = isSome;
  }, [isSome]);
  return <input ref={box} {...input} type="checkbox" className="cb" />;
};

type RadioProps = Omit<ComponentProps<"input">, "type" | "className">;

/** One of several choices of the same `name`. */
export const Radio = (input: RadioProps) => <input {...input} type="radio" className="cb" />;
