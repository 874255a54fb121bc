import { useI18n } from '../../shared/i18n/context';
import { boardAddress, runsAddress } from '../../shared/range/pages';
import { PageLink } from '../../shared/ui/PageLink';
import './nav.css';

/** The way between the dashboard and the runs. */
export function Nav({ at }: { readonly at: 'board' | 'runs' }) {
  const { t } = useI18n();
  return (
    <nav className="nav" aria-label={t('nav.label')}>
      <PageLink href={boardAddress} aria-current={at === 'board' ? 'page' : undefined}>
        {t('page.content')}
      </PageLink>
      <PageLink href={runsAddress} aria-current={at === 'runs' ? 'page' : undefined}>
        {t('nav.runs')}
      </PageLink>
    </nav>
  );
}
