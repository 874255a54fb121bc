// Writes the report of a run, or of two: reads `{"run":…,"verdict":…,"version":"…"}`, or an array of two, on stdin, and
// writes one HTML file on stdout that asks nobody for anything. It has no script: the language is switched by CSS.
import { readFileSync } from 'node:fs';
import { document, type Input } from './document';

const input: Input | Input[] = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(document(Array.isArray(input) ? input : [input]));
