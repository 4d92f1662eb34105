// Bundles the scripts and styles of the web pages: `node build.mjs OUT`. Run by hatch_build.py, in a folder where
// the packages are installed. Writes each asset under a name that holds its content's hash, compressed beside itself,
// and manifest.json, which says which name is which.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'

const out = process.argv[2]
mkdirSync(out, { recursive: true })
const assets = {}
const packages = new Set()

// What a browser of the last two years runs: `light-dark()` in styles is the youngest that is used.
const browsers = ['chrome123', 'firefox120', 'safari17.5']
const small = 256 // bytes below which a compressed copy saves nothing

await bundle('scheme.js', 'src/scheme.js')
await bundle('opsbook.js', 'src/opsbook.js')
await bundle('site.js', 'src/site.js')
await bundle('bundle.js', 'src/bundle.js')
await bundle('editor.js', 'src/editor.js')
await bundle('diagram.js', 'src/diagram.js')
await bundle('opsbook.css', 'styles/opsbook.css')
keep('icon.svg', readFileSync('icon.svg'))
keep('diagram.html', page('diagram.html'))
keep('LICENSES.txt', Buffer.from(licences()))
writeFileSync(join(out, 'manifest.json'), JSON.stringify(assets, null, 1) + '\n')

async function bundle(name, entry) {
  const built = await esbuild.build({
    entryPoints: [entry], bundle: true, minify: true, write: false, format: 'iife', metafile: true, target: browsers,
    legalComments: 'none', logLevel: 'warning', external: ['data:*'],
  })
  Object.keys(built.metafile.inputs).forEach(note)
  keep(name, Buffer.from(built.outputFiles[0].contents))
}

function note(input) {
  const found = input.split(sep).join('/').match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)
  if (found) packages.add(found[1])
}

function keep(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12)
  const hashed = name.replace(/(\.[a-z]+)$/, `.${hash}$1`)
  assets[name] = hashed
  writeFileSync(join(out, hashed), content)
  if (content.length < small) return
  const quality = content.length > 1e6 ? 9 : 11 // 11 takes ten seconds for a megabyte and gains four per cent
  writeFileSync(join(out, hashed + '.gz'), gzipSync(content, { level: 9 }))
  writeFileSync(join(out, hashed + '.br'), brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  }))
}

function page(name) {
  return Buffer.from(readFileSync(name, 'utf8').replace(/\{([\w.]+)\}/g, (all, asset) => assets[asset] ?? all))
}

function licences() {
  const head = 'The web pages of Opsbook contain these packages, each under its own licence.\n'
  return [head, ...[...packages].sort().map(licence)].join(`\n${'-'.repeat(78)}\n\n`)
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each))
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : ''
  return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n`
}

