// Writes .br and .gz beside every compressible file of a folder, so that the server compresses nothing per request.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);
const folder = process.argv[2] ?? 'dist';
let scripts = 0;

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const extension = extname(entry.name);
  if (!entry.isFile() || !compressible.has(extension)) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  const gzip = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  writeFileSync(`${path}.gz`, gzip);
  writeFileSync(`${path}.br`, brotli);
  if (extension === '.js') scripts += gzip.length;
}

console.log(`scripts: ${(scripts / 1024).toFixed(1)} KiB gzipped`);
