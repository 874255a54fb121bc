import { download } from '../chart/image';
import type { Access } from './access';

/** Saves what the server has at an address under a name. */
export async function save(access: Access, url: string, name: string): Promise<void> {
  if (access.token === undefined) {
    download(url, name); // by the browser, which writes any length to the disk
    return;
  }
  // Only a request of our own can carry the token; its answer is held in memory first.
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${access.token}` } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  download(URL.createObjectURL(await answer.blob()), name);
}
