import { useI18n } from '../../shared/i18n/context';
import './hosts.css';

interface Props {
  readonly hosts: readonly string[];
  readonly chosen: string;
  readonly choose: (host: string) => void;
}

/** Which VM the page shows: a choice only where there is one. */
export function HostPicker({ hosts, chosen, choose }: Props) {
  const { t } = useI18n();
  const named = (host: string) => host || t('host.unnamed');
  if (hosts.length < 2) {
    return (
      <span className="host" data-testid="host">
        {named(chosen)}
      </span>
    );
  }
  return (
    <label className="host">
      <span className="visually-hidden">{t('host.label')}</span>
      <select data-testid="host" value={chosen} onChange={(event) => choose(event.target.value)}>
        {hosts.map((host) => (
          <option key={host} value={host}>
            {named(host)}
          </option>
        ))}
      </select>
    </label>
  );
}
