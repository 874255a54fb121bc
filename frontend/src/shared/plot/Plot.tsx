import type { ReactNode } from 'react';
import './plot.css';
import { x as across, side, y as up } from './shapes';

export interface Tick {
  readonly at: number; // 0–1
  readonly text: string;
}

/** A value that is drawn across the picture and named; low and high are its interval. */
export interface Mark {
  readonly kind: string; // a class
  readonly text: string;
  readonly at: number; // 0–1
  readonly low?: number;
  readonly high?: number;
}

interface Props {
  readonly label: string; // for those who do not see it
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
  readonly xTitle?: string;
  readonly uprights?: readonly Mark[]; // each has a row of its own above the picture for its name
  readonly levels?: readonly Mark[]; // lines from side to side
  readonly holes?: readonly { readonly from: number; readonly to: number }[]; // 0–1, of which nothing is known
  readonly children: ReactNode; // of shapes.tsx
}

/**
 * A picture with its axes. It is static, so that the same one stands on the page and in a report; what is written is HTML,
 * and has the same size however wide the picture is.
 */
export function Plot({ label, x, y, xTitle, uprights = [], levels = [], holes = [], children }: Props) {
  return (
    <div className="plot">
      <div className="plot-body">
        {uprights.length > 0 && (
          <div className="plot-names" style={{ height: `${uprights.length * row}px` }} aria-hidden="true">
            {inOrder(uprights).map(({ kind, text, at }, i) => (
              <p
                key={kind}
                className={at > 0.5 ? `${kind} left` : kind}
                style={{ top: `${i * row}px`, ...(at > 0.5 ? { right: part(1 - at) } : { left: part(at) }) }}
              >
                <span>{text}</span>
              </p>
            ))}
          </div>
        )}
        <div className="plot-picture">
          {holes.map(({ from, to }) => (
            <i key={from} className="plot-hole" style={{ left: part(from), width: part(to - from) }} />
          ))}
          <svg viewBox={`0 0 ${side} ${side}`} preserveAspectRatio="none" role="img" aria-label={label}>
            {y.map(({ at, text }) => (
              <line key={text} className="grid" x1={0} x2={side} y1={up(at)} y2={up(at)} />
            ))}
            {uprights.map((mark) => (
              <Upright key={mark.kind} {...mark} />
            ))}
            {levels.map((mark) => (
              <Level key={mark.kind} {...mark} />
            ))}
            {children}
          </svg>
          {levels.map(({ kind, text, at }) => (
            <span
              key={kind}
              className={`plot-level ${kind}${at > 0.9 ? ' under' : ''}`}
              style={{ bottom: part(at) }}
              aria-hidden="true"
            >
              {text}
            </span>
          ))}
          <div className="plot-y" aria-hidden="true">
            {y.map(({ at, text }) => (
              <span key={text} style={{ bottom: part(at) }}>
                {text}
              </span>
            ))}
          </div>
        </div>
        <div className="plot-x" aria-hidden="true">
          {x.map(({ at, text }) => (
            <span key={text} className={at > 0.96 ? 'end' : ''} style={{ left: part(at) }}>
              {text}
            </span>
          ))}
        </div>
        {xTitle && <p className="plot-title">{xTitle}</p>}
      </div>
    </div>
  );
}

const row = 17; // px, of a name

/** A name stands beside its line on a row of its own; in this order no line of another crosses it. */
function inOrder(marks: readonly Mark[]): Mark[] {
  return marks.toSorted((a, b) => Math.abs(b.at - 0.5) - Math.abs(a.at - 0.5));
}

function Upright({ kind, at, low = at, high = at }: Mark) {
  return (
    <g className={`mark ${kind}`}>
      <rect x={across(low)} y={0} width={across(high - low)} height={side} />
      <line x1={across(at)} x2={across(at)} y1={0} y2={side} />
    </g>
  );
}

function Level({ kind, at, low = at, high = at }: Mark) {
  return (
    <g className={`mark ${kind}`}>
      <rect x={0} y={up(high)} width={side} height={across(high - low)} />
      <line x1={0} x2={side} y1={up(at)} y2={up(at)} />
    </g>
  );
}

function part(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
