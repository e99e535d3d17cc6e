/** The few controls that everything here is made of. */
import type { ReactElement, ReactNode } from "react";

interface ButtonProps {
  readonly children: ReactNode;
  readonly onClick: () => void;
  /** What it does, in a sentence. */
  readonly hint?: string | undefined;
  /** For what can be on. */
  readonly pressed?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly kind?: "primary" | "fault" | undefined;
}

export const Button = ({ children, onClick, hint, pressed, disabled, kind }: ButtonProps): ReactElement => (
  <button
    type="button"
    className={kind}
    title={hint}
    disabled={disabled}
    {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
    onClick={onClick}
  >
    {children}
  </button>
);

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly options: readonly T[];
  readonly value: T;
  readonly set: (value: T) => void;
  /** Words for an option. Default: itself. */
  readonly words?: Readonly<Partial<Record<T, string>>>;
  readonly disabled?: boolean;
}

/** One of a few. */
export const Segments = <T extends string>({
  label,
  options,
  value,
  set,
  words,
  disabled,
}: SegmentsProps<T>): ReactElement => (
  <fieldset className="field" disabled={disabled}>
    <legend>{label}</legend>
    <div className="segments">
      {options.map((option) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => set(option)}>
          {words?.[option] ?? option}
        </button>
      ))}
    </div>
  </fieldset>
);

/** Buttons under one name. */
export const Group = ({ label, children }: { readonly label: string; readonly children: ReactNode }): ReactElement => (
  <fieldset className="field">
    <legend>{label}</legend>
    <div className="buttons">{children}</div>
  </fieldset>
);
