// Bundles main.jsx:  node build.mjs <folder with node_modules>  →  <folder>/public
//
// Every name but manifest.json's has a hash in it, so that browsers keep the files without asking again.
import { createRequire } from 'node:module';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(process.argv[2]);
const here = dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(join(folder, 'package.json'))('esbuild');
const outdir = join(folder, 'public');
const asText = ['.svg', '.png', '.woff', '.woff2', '.ttf'].map((ending) => [ending, 'dataurl']);

await rm(outdir, { recursive: true, force: true });
const { metafile } = await esbuild.build({
  entryPoints: [join(here, 'main.jsx')],
  outdir,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  metafile: true,
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
const [main] = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint);
const names = { script: main[0], style: main[1].cssBundle };
for (const [key, path] of Object.entries(names)) names[key] = relative(outdir, resolve(path));
await writeFile(join(outdir, 'manifest.json'), JSON.stringify(names));
