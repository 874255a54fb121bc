import { Counters } from '../features/counters/Counters';
import { CpuCard } from '../features/cpu/CpuCard';
import { ProcessChart } from '../features/processes/ProcessChart';
import { ProcessTable } from '../features/processes/ProcessTable';
import { RamCard } from '../features/ram/RamCard';
import { RangeNotice } from '../features/ranges/RangeNotice';
import { RoutesCard } from '../features/routes/RoutesCard';
import type { Source } from '../shared/past/source';
import { useRoutes } from '../shared/past/useRoutes';
import { useProgress } from '../shared/past/useSource';
import type { Range } from '../shared/range/range';
import { parseTime } from '../shared/stream/clock';
import { useStream } from '../shared/stream/context';
import { samplesIn } from '../shared/stream/series';
import type { Condition, HostView, View } from '../shared/stream/store';

/** A sample is not of now that is older, in ms. */
const replayed = 60_000;

interface Props {
  readonly source: Source;
  readonly range: Range;
  readonly view: View;
  readonly known: HostView | undefined; // the VM, where its rows have come
  readonly condition: Condition;
  readonly paused: boolean;
}

/** The evidence, in the order in which a doubting person asks for it. */
export function Board({ source, range, view, known, condition, paused }: Props) {
  const progress = useProgress(source);
  const { store } = useStream();
  const latest = known?.latest.row;
  // A replay brings samples of another day: what is newest of them, is not now.
  const old = latest ? Math.abs(store.now() - parseTime(latest.hora)) > replayed : false;
  const live = condition === 'live' && !known?.behind && !old;
  // While nobody can say what is stored, time stands still for the routes.
  const unknown = condition === 'away' || condition === 'connecting';
  const routes = useRoutes(range, source, view, paused || unknown);
  const now = range.kind === 'fixed' ? undefined : latest;
  return (
    <>
      <RangeNotice
        source={source}
        progress={progress}
        paused={paused}
        behind={now && known?.behind ? now.hora : undefined}
      />
      <div className="board">
        <CpuCard source={source} now={now} />
        <RamCard source={source} now={now} />
        <ProcessTable source={source} now={now} live={live && !paused} />
        <ProcessChart source={source} />
        <RoutesCard {...routes} />
      </div>
      <Counters
        vm={view.hosts.length > 1 ? source.host : undefined}
        received={view.received.get(source.host)}
        missed={view.absences > 0}
        shown={samplesIn(source.frame())}
        source={latest?.fuente}
      />
    </>
  );
}
