// Bundles main.jsx:  node build.mjs <folder with node_modules>  →  <folder>/public
import { createRequire } from 'node:module';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(process.argv[2]);
const here = dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(join(folder, 'package.json'))('esbuild');
const outdir = join(folder, 'public');
const asText = ['.svg', '.png', '.woff', '.woff2', '.ttf'].map((ending) => [ending, 'dataurl']);

await rm(outdir, { recursive: true, force: true });
await esbuild.build({
  entryPoints: [join(here, 'main.jsx')],
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  jsx: 'automatic',
  nodePaths: [join(folder, 'node_modules')],
  mainFields: ['browser', 'module', 'main'],
  conditions: ['browser'],
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  loader: { '.js': 'jsx', ...Object.fromEntries(asText) },
});
