import { useState } from 'react';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { wireTime } from '../../shared/stream/clock';
import { useStream } from '../../shared/stream/context';
import { save } from '../../shared/stream/save';

interface Props {
  readonly source: Source;
  readonly follows: boolean; // the end is the newest sample; else it is not included
}

/** Saves the rows of the time that the page shows, as they are stored. */
export function ExportButton({ source, follows }: Props) {
  const { t } = useI18n();
  const { access } = useStream();
  const [failed, setFailed] = useState('');

  async function saveRows(): Promise<void> {
    setFailed('');
    const { from, to } = source.frame();
    const { host } = source;
    const end = to * 1_000 + (follows ? 1 : 0);
    const query = new URLSearchParams({ host, from: wireTime(from * 1_000), to: wireTime(end) });
    const url = `/export.csv?${query}`;
    await save(access, url, `pulso-${host || 'vm'}.csv`);
  }

  return (
    <>
      <button
        type="button"
        className="switch"
        title={t('export.hint')}
        onClick={() =>
          saveRows().catch((error: unknown) => setFailed(t('export.failed', { reason: String(error) })))
        }
      >
        CSV
      </button>
      {failed && <span role="alert">{failed}</span>}
    </>
  );
}
