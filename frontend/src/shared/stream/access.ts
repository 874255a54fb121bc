import type { Auth } from '../contract/event';

const key = 'pulso.token';

/** The access token that a person gave, kept for as long as the tab. */
export class Access {
  #token = recallToken();

  get token(): string | undefined {
    return this.#token;
  }

  auth(): Pick<Auth, 'token'> {
    return this.#token === undefined ? {} : { token: this.#token };
  }

  remember(token: string): void {
    this.#token = token;
    try {
      sessionStorage.setItem(key, token);
    } catch {
      // Storage may be forbidden; the token then lasts as long as the page.
    }
  }
}

function recallToken(): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}
