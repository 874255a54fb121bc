import type { FormEvent } from 'react';
import { useI18n } from '../../shared/i18n/context';
import { useStream } from '../../shared/stream/context';
import '../../shared/ui/message.css';
import './access.css';

/** Asks for the access token, where the server lets nobody in without. */
export function AccessForm() {
  const { t } = useI18n();
  const { portal, access } = useStream();

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    if (typeof token === 'string' && token !== '') portal.enter(token);
  }

  return (
    <form className="card message access" onSubmit={submit} data-testid="access">
      <h2>{t('access.title')}</h2>
      <p>{t('access.text')}</p>
      {access.token !== undefined && (
        <p className="wrong" role="alert">
          {t('access.wrong')}
        </p>
      )}
      <label>
        {t('access.token')}
        <input className="field" type="password" name="token" autoComplete="off" required maxLength={1024} />
      </label>
      <button type="submit" className="switch primary">
        {t('access.enter')}
      </button>
    </form>
  );
}
