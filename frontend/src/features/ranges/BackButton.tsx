import { useI18n } from '../../shared/i18n/context';

/** To the time that was shown before: what a double click on a chart does. */
export function BackButton({ back }: { readonly back: () => void }) {
  const { t } = useI18n();
  return (
    <button type="button" className="switch" data-testid="back" title={t('range.backHint')} onClick={back}>
      <span aria-hidden="true">↩ </span>
      {t('range.back')}
    </button>
  );
}
