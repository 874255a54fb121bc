import type { ServerState } from '../../shared/config/config';
import { useI18n } from '../../shared/i18n/context';
import { Notice } from '../../shared/ui/Notice';

/** Says when the page itself is to be loaded again. */
export function ServerNotice({ server }: { readonly server: ServerState }) {
  const { t } = useI18n();
  if (!server.signedOut && !server.outdated) return null;
  return (
    <Notice
      tone={server.signedOut ? 'bad' : 'neutral'}
      text={t(server.signedOut ? 'server.signedOut' : 'server.outdated')}
      action={{ label: t('server.reload'), run: () => location.reload() }}
    />
  );
}
