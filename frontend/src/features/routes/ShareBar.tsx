import { useI18n } from '../../shared/i18n/context';
import type { RouteFigures } from './figures';

/** How the requests are split, against the half that the entry point promises. */
export function ShareBar({ routes }: { readonly routes: readonly RouteFigures[] }) {
  const { t, format } = useI18n();
  const half = format.percent(50, 0);
  const names = routes.map(({ api, share }) => `${api} ${format.share(share)}`);
  return (
    <div className="split" role="img" aria-label={t('routes.split', { shares: names.join(', '), half })}>
      <div className="share-bar">
        {routes
          .filter(({ share }) => share > 0)
          .map(({ api, accent, share }) => (
            <div key={api} className={accent} style={{ flexGrow: share }}>
              <span>
                {api} · {format.share(share)}
              </span>
            </div>
          ))}
      </div>
      <span className="half">{half}</span>
    </div>
  );
}
