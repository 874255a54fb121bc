import { useEffect, useMemo, useState } from 'react';
import { AccessForm } from '../features/access/AccessForm';
import { ConnectionPill } from '../features/connection/ConnectionPill';
import { ExportButton } from '../features/export/ExportButton';
import { HostPicker } from '../features/hosts/HostPicker';
import { Nav } from '../features/nav/Nav';
import { BackButton } from '../features/ranges/BackButton';
import { PauseButton } from '../features/ranges/PauseButton';
import { RangePicker } from '../features/ranges/RangePicker';
import { ServerNotice } from '../features/server/ServerNotice';
import { Waiting } from '../features/waiting/Waiting';
import { useServer } from '../shared/config/config';
import { useI18n } from '../shared/i18n/context';
import { pausedSource, type Source } from '../shared/past/source';
import { useSource } from '../shared/past/useSource';
import { ShownContext } from '../shared/range/context';
import { usePlace } from '../shared/range/place';
import { fixed } from '../shared/range/range';
import { useCondition, useStream, useView } from '../shared/stream/context';
import type { View } from '../shared/stream/store';
import { ThemeContext, useThemeSwitch } from '../shared/theme/theme';
import { Board } from './Board';
import { Header } from './Header';

/** What was on the page when somebody paused it. */
interface Held {
  readonly of: Source;
  readonly source: Source;
  readonly view: View;
}

export function App() {
  const { t } = useI18n();
  const { store } = useStream();
  const now = useView();
  const themeSwitch = useThemeSwitch();
  const server = useServer(now.link);
  const { place, show, choose, back } = usePlace();
  const [held, setHeld] = useState<Held>();

  // The VM that was shown first stays until somebody chooses another, however many others begin to send.
  useEffect(() => {
    if (place.host === undefined && now.newestHost !== undefined) choose(now.newestHost, true);
  }, [place.host, now.newestHost, choose]);

  const host = place.host ?? now.newestHost;
  useEffect(() => store.keep(host), [store, host]);

  const charts = useMemo(
    () => ({
      host: host ?? '',
      zoom(from: number, to: number) {
        const range = fixed(from * 1_000, to * 1_000);
        if (range) show(range);
      },
      back,
    }),
    [host, show, back],
  );

  const condition = useCondition(host);
  const following = useSource(host ?? '', place.range, now.epoch);
  // Another VM or range ends the pause.
  const paused = held?.of === following;
  const { source, view } = paused ? held : { source: following, view: now };
  const known = view.hosts.find((each) => each.host === host);
  const hasBoard = host !== undefined && (known !== undefined || place.range.kind === 'fixed');

  return (
    <ThemeContext value={themeSwitch.theme}>
      <ShownContext value={charts}>
        <Header
          themeSwitch={themeSwitch}
          nav={<Nav at="board" />}
          pill={<ConnectionPill host={host} condition={condition} link={now.link} />}
        >
          {host !== undefined && (
            <HostPicker hosts={now.hosts.map((each) => each.host)} chosen={host} choose={choose} />
          )}
          {hasBoard && (
            <>
              <RangePicker range={place.range} show={show} source={source} />
              {place.range.kind !== 'fixed' && (
                <PauseButton
                  paused={paused}
                  toggle={() =>
                    setHeld(paused ? undefined : { of: source, source: pausedSource(source), view })
                  }
                />
              )}
              <ExportButton source={source} follows={place.range.kind !== 'fixed'} />
              {place.range.kind !== 'live' && <BackButton back={back} />}
            </>
          )}
        </Header>
        <main
          className="page"
          aria-label={t('page.content')}
          data-fresh={place.range.kind === 'fixed' || (condition === 'live' && !paused && !known?.behind)}
          data-paused={paused}
        >
          <ServerNotice server={server} />
          {now.link === 'refused' ? (
            <AccessForm />
          ) : hasBoard ? (
            <Board
              source={source}
              range={place.range}
              view={view}
              known={known}
              condition={condition}
              paused={paused}
            />
          ) : (
            <Waiting
              condition={condition}
              link={now.link}
              unknownHost={now.hosts.length > 0 ? host : undefined}
              local={server.local}
            />
          )}
        </main>
      </ShownContext>
    </ThemeContext>
  );
}
