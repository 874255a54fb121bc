import { useState } from 'react';
import { download } from '../../shared/chart/image';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { wireTime } from '../../shared/stream/clock';
import { useStream } from '../../shared/stream/context';

interface Props {
  readonly source: Source;
  readonly follows: boolean; // the end is the newest sample; else it is not included
}

/** Saves the rows of the time that the page shows, as they are stored. */
export function ExportButton({ source, follows }: Props) {
  const { t } = useI18n();
  const { access } = useStream();
  const [failed, setFailed] = useState('');

  async function save(): Promise<void> {
    setFailed('');
    const { from, to } = source.frame();
    const { host } = source;
    const end = to * 1_000 + (follows ? 1 : 0);
    const query = new URLSearchParams({ host, from: wireTime(from * 1_000), to: wireTime(end) });
    const url = `/export.csv?${query}`;
    const name = `pulso-${host || 'vm'}.csv`;
    if (access.token === undefined) {
      download(url, name); // by the browser, which writes any length to the disk
      return;
    }
    // Only a request of our own can carry the token; its answer is held in memory first.
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${access.token}` } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    download(URL.createObjectURL(await answer.blob()), name);
  }

  return (
    <>
      <button
        type="button"
        className="switch"
        title={t('export.hint')}
        onClick={() =>
          save().catch((error: unknown) => setFailed(t('export.failed', { reason: String(error) })))
        }
      >
        CSV
      </button>
      {failed && <span role="alert">{failed}</span>}
    </>
  );
}
