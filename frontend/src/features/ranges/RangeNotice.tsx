import { useI18n } from '../../shared/i18n/context';
import type { Progress, Source } from '../../shared/past/source';
import { parseTime } from '../../shared/stream/clock';
import { Notice } from '../../shared/ui/Notice';

interface Props {
  readonly source: Source;
  readonly progress: Progress;
  readonly paused: boolean;
  readonly behind: string | undefined; // the newest `hora`, where what comes is of before it
}

/** Says why charts show nothing, or not yet all. */
export function RangeNotice({ source, progress, paused, behind }: Props) {
  const { t, format } = useI18n();
  if (paused) {
    const time = format.time(source.frame().to * 1_000);
    return <Notice tone="warning" floating text={t('range.paused', { time })} />;
  }
  if (progress.kind === 'loading') return <Notice tone="neutral" text={t('range.loading')} />;
  if (progress.kind === 'failed') {
    const { reason } = progress;
    return (
      <Notice
        tone="bad"
        text={t('range.failed', { reason })}
        action={{ label: t('range.retry'), run: () => source.retry() }}
      />
    );
  }
  const { x, from, to } = source.frame();
  if (behind !== undefined) {
    return <Notice tone="warning" text={t('range.behind', { time: format.dateTime(parseTime(behind)) })} />;
  }
  if (x.length > 0) return null;
  const between = { from: format.dateTime(from * 1_000), to: format.dateTime(to * 1_000) };
  return (
    <Notice tone="warning" text={t('range.empty', { host: source.host || t('host.unnamed'), ...between })} />
  );
}
