import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { goTo } from '../range/pages';

/** A link to another page of ours; with a plain click nothing is loaded anew. */
export function PageLink({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  function follow(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(href);
    scrollTo(0, 0);
  }
  return <a {...rest} href={href} onClick={follow} />;
}
