import type { Locator, Page } from '@playwright/test';

/** The pixels of a picture. */
export class Picture {
  private constructor(
    readonly width: number,
    readonly height: number,
    private readonly data: Buffer, // RGBA
  ) {}

  /** What a person sees of an element. */
  static async of(locator: Locator): Promise<Picture> {
    return Picture.read(locator.page(), await locator.screenshot());
  }

  /** Reads a PNG, by the browser. */
  static async read(page: Page, png: Buffer): Promise<Picture> {
    const { width, height, data } = await page.evaluate(async (base64) => {
      const file = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([file]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      if (!context) throw new Error('no canvas');
      context.drawImage(bitmap, 0, 0);
      const { width, height, data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let letters = '';
      for (let i = 0; i < data.length; i += 8_192)
        letters += String.fromCharCode(...data.subarray(i, i + 8_192));
      return { width, height, data: btoa(letters) };
    }, png.toString('base64'));
    return new Picture(width, height, Buffer.from(data, 'base64'));
  }

  /** For each column, whether there is a pixel in this colour, or nearly. */
  columnsIn(colour: Colour, nearly = 40): boolean[] {
    return Array.from({ length: this.width }, (_, x) => {
      for (let y = 0; y < this.height; y += 1) {
        const at = 4 * (y * this.width + x);
        if (colour.every((value, c) => Math.abs(value - (this.data[at + c] ?? 0)) < nearly)) return true;
      }
      return false;
    });
  }
}

type Colour = readonly number[]; // red, green, blue

/** The colour of a token in the page's theme. */
export function colourOf(page: Page, token: string): Promise<Colour> {
  return page.evaluate((token) => {
    const probe = document.createElement('i');
    probe.style.color = `var(--${token})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  }, token);
}
