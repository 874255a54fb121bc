import { AccessForm } from '../features/access/AccessForm';
import { Nav } from '../features/nav/Nav';
import { RunPage } from '../features/run/RunPage';
import { RunList } from '../features/runs/RunList';
import { ServerNotice } from '../features/server/ServerNotice';
import { useServer } from '../shared/config/config';
import { useI18n } from '../shared/i18n/context';
import type { Page } from '../shared/range/pages';
import { useLink } from '../shared/stream/context';
import { ThemeContext, useThemeSwitch } from '../shared/theme/theme';
import { Header } from './Header';

interface Props {
  readonly page: Exclude<Page, { kind: 'board' }>;
}

/** The pages of runs: their list, one of them, or two side by side. Loaded when somebody goes there. */
export default function RunPages({ page }: Props) {
  const { t } = useI18n();
  const link = useLink();
  const themeSwitch = useThemeSwitch();
  const server = useServer(link);
  return (
    <ThemeContext value={themeSwitch.theme}>
      <Header themeSwitch={themeSwitch} nav={<Nav at="runs" />} />
      <main className="page" aria-label={t('nav.runs')}>
        <ServerNotice server={server} />
        {link === 'refused' ? (
          <AccessForm />
        ) : page.kind === 'runs' ? (
          <RunList />
        ) : (
          <RunPage id={page.id} other={page.other} question={page.question} />
        )}
      </main>
    </ThemeContext>
  );
}
