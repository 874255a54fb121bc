import { Component, type ReactNode } from 'react';
import { useI18n } from '../shared/i18n/context';

interface Props {
  readonly children: ReactNode;
}

/** A fault in one component must not leave an empty page. React itself writes the details to the console. */
export class ErrorBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <Failure /> : this.props.children;
  }
}

function Failure() {
  const { t } = useI18n();
  return (
    <main className="page">
      <section className="card waiting" role="alert">
        <h2>{t('error.title')}</h2>
        <p>{t('error.text')}</p>
      </section>
    </main>
  );
}
