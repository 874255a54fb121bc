import { useEffect, useMemo, useState } from 'react';
import { ConnectionPill } from '../features/connection/ConnectionPill';
import { Counters } from '../features/counters/Counters';
import { CpuCard } from '../features/cpu/CpuCard';
import { HostPicker } from '../features/hosts/HostPicker';
import { ProcessTable } from '../features/processes/ProcessTable';
import { RamCard } from '../features/ram/RamCard';
import { Waiting } from '../features/waiting/Waiting';
import { timeAxis } from '../shared/chart/axis';
import { useI18n } from '../shared/i18n/context';
import { useCondition, useView } from '../shared/stream/context';
import type { HostView } from '../shared/stream/window';
import { ThemeContext, useThemeSwitch } from '../shared/theme/theme';
import { Header } from './Header';

export function App() {
  const { t } = useI18n();
  const view = useView();
  const condition = useCondition();
  const themeSwitch = useThemeSwitch();
  const [chosen, setChosen] = useState<string>();

  // The VM that was shown first stays until somebody chooses another, however many others begin to send.
  useEffect(() => {
    if (chosen === undefined && view.newestHost !== undefined) setChosen(view.newestHost);
  }, [chosen, view.newestHost]);

  const names = view.hosts.map(({ host }) => host);
  const shown = view.hosts.find(({ host }) => host === chosen) ?? view.hosts[0];

  return (
    <ThemeContext value={themeSwitch.theme}>
      <Header themeSwitch={themeSwitch}>
        {shown && <HostPicker hosts={names} chosen={shown.host} choose={setChosen} />}
        <ConnectionPill condition={condition} link={view.link} />
      </Header>
      <main className="page" aria-label={t('page.content')} data-fresh={condition === 'live'}>
        {shown ? (
          <Board host={shown} live={condition === 'live'} />
        ) : (
          <Waiting condition={condition} link={view.link} />
        )}
        {shown && (
          <Counters
            vm={names.length > 1 ? shown.host : undefined}
            received={view.received.get(shown.host)}
            points={shown.points.length}
            source={shown.latest.row.fuente}
          />
        )}
      </main>
    </ThemeContext>
  );
}

function Board({ host, live }: { readonly host: HostView; readonly live: boolean }) {
  const axis = useMemo(() => timeAxis(host), [host]);
  return (
    <div className="board">
      <CpuCard host={host} axis={axis} />
      <RamCard host={host} axis={axis} />
      <ProcessTable host={host} axis={axis} live={live} />
    </div>
  );
}
