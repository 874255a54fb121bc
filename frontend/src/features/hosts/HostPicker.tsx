import { useI18n } from '../../shared/i18n/context';
import './hosts.css';

interface Props {
  readonly hosts: readonly string[]; // that send, in order of name
  readonly chosen: string;
  readonly choose: (host: string) => void;
}

/** Which VM the page shows: a choice only where there is one. */
export function HostPicker({ hosts, chosen, choose }: Props) {
  const { t } = useI18n();
  const named = (host: string) => host || t('host.unnamed');
  // The address may name one that does not.
  const choices = hosts.includes(chosen) ? hosts : [chosen, ...hosts];
  if (choices.length < 2) {
    return (
      <span className="host" data-testid="host">
        {named(chosen)}
      </span>
    );
  }
  return (
    <label className="host">
      <span className="visually-hidden">{t('host.label')}</span>
      <select
        className="field"
        data-testid="host"
        value={chosen}
        onChange={(event) => choose(event.target.value)}
      >
        {choices.map((host) => (
          <option key={host} value={host}>
            {named(host)}
          </option>
        ))}
      </select>
    </label>
  );
}
