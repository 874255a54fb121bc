import type { ReactNode } from 'react';

interface Props {
  readonly name: string; // the id of its heading
  readonly children: ReactNode;
}

/** What is too wide for a phone scrolls by itself, and is reached with the keyboard for that. */
export function Scroll({ name, children }: Props) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: these are no fields of a form
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached
    <div className="scroll" role="group" tabIndex={0} aria-labelledby={name}>
      {children}
    </div>
  );
}
