// What charts are told to draw. The one module that knows the chart library is plot.ts.

/** Numbers of a chart, one per point. */
export type Column = Float64Array;

/** A stretch without samples, in seconds since 1970: hatched, and never bridged. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** What a chart draws at one moment. */
export interface Frame {
  readonly x: Column; // seconds since 1970, ascending
  readonly columns: Readonly<Record<string, Column>>; // by name, each as long as x
  readonly holes: readonly Hole[];
  readonly from: number; // seconds, both ends of the axis
  readonly to: number;
  readonly spans: boolean; // a point stands for a stretch of time: there are columns NAME.min and NAME.max, too
  readonly step?: number; // seconds, how long such a stretch is; the point is its middle
}

/** Where frames come from. Listeners are told when there is a new one. */
export interface FrameSource {
  frame(): Frame;
  subscribe(listener: () => void): () => void;
}

/** One line of a lane. */
export interface Line {
  readonly column: string;
  readonly name: string; // for people
  readonly accent: string; // a colour token without its dashes
  readonly steps?: boolean; // a count, which stays what it is until the next point
  readonly area?: boolean; // filled down to zero
}

/** A scale of its own, from 0. The lanes of a chart stand one above the other. */
export interface Lane {
  readonly lines: readonly Line[];
  readonly top?: number; // else the highest value in sight
  readonly format: (value: number, decimals: number) => string;
}
