// The index of an exported site: loaded once, when search is first opened, from script files, because a page that was
// opened from a disk may load nothing else.

import { nameWords, stem } from './folding.js'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const values = new Uint8Array(128)
for (let at = 0; at < letters.length; at++) values[letters.charCodeAt(at)] = at
const nowhere = []
const longest = 20_000 // letters of a section that an excerpt is taken from
let loading = null

const root = () => document.body.dataset.root ?? ''

function script(address) {
  return new Promise((done, fail) => {
    const element = document.createElement('script')
    element.src = root() + address
    element.onload = () => (element.remove(), done())
    element.onerror = () => (element.remove(), fail(new Error(`${address} is not beside this page.`)))
    document.head.append(element)
  })
}

// A bundle holds its index; a site has it beside the pages.
async function content() {
  const own = document.getElementById('ob-index')
  if (own) return JSON.parse(own.textContent)
  if (!globalThis.opsbookIndex) await script('search/index.js')
  return globalThis.opsbookIndex
}

export const index = () =>
  (loading ??= content().then(built).catch((wrong) => {
    loading = null
    throw wrong
  }))

// What stands where: for each word its places in texts, headings, titles and names of alerts.
export function built({ words, postings, pages, shelves }) {
  const sections = []
  const terms = new Map()
  const term = (word) => terms.get(word) ?? (terms.set(word, { word, at: '', titles: nowhere, heads: nowhere, alerts: nowhere }), terms.get(word))
  const places = postings.split(' ')
  if (words) words.split(' ').forEach((word, at) => (term(word).at = places[at]))
  const known = new Map() // headings repeat
  const named = (text) => known.get(text) ?? (known.set(text, [...new Set(nameWords(text))]), known.get(text))
  const add = (word, field, at) => {
    const one = term(word)
    if (one[field] === nowhere) one[field] = []
    one[field].push(at)
  }
  pages.forEach(([path, file, title, ...rest], page) => {
    const start = sections.length
    const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.\w+$/, '')
    for (const [heading, anchor, line, length, alerts] of rest) {
      const at = sections.length
      sections.push({ path, file, title, page, heading, anchor: anchor === 0 ? derived(heading) : anchor, line, length: 2 ** length, alerts, isFirst: at === start, nth: at - start })
      for (const word of named(heading)) add(word, 'heads', at)
      for (const alert of alerts ?? nowhere) for (const word of named(alert)) add(word, 'alerts', at)
    }
    const stop = sections.length
    for (const word of new Set([...named(title), ...named(name)])) add(word, 'titles', [start, stop])
  })
  const sorted = [...terms.keys()].sort()
  const stems = new Map()
  for (const word of sorted) {
    const left = stem(word)
    if (stems.has(left)) stems.get(left).push(word)
    else stems.set(left, [word])
  }
  const average = sections.reduce((sum, { length }) => sum + length, 0) / (sections.length || 1)
  return { sections, terms, sorted, stems, average, shelves }
}

const derived = (heading) => heading.toLowerCase().replace(/[^a-z0-9 _-]+/g, '').replaceAll(' ', '-')

// Calls back with each section that a word's text postings name, and how often it stands there (0 to 3).
export function decode(text, tell) {
  let at = -1
  let value = 0
  let shift = 0
  for (let place = 0; place < text.length; place++) {
    const five = values[text.charCodeAt(place)]
    value |= (five & 31) << shift
    if (five & 32) {
      shift += 5
      continue
    }
    at += value >>> 2
    tell(at, value & 3)
    value = shift = 0
  }
}

const crcs = Uint32Array.from({ length: 256 }, (_, number) => {
  for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1
  return number
})

function shelfOf(path, count) {
  let sum = 0xffffffff
  for (const byte of new TextEncoder().encode(path)) sum = crcs[(sum ^ byte) & 255] ^ (sum >>> 8)
  return ((sum ^ 0xffffffff) >>> 0) % count
}

const asked = new Map()

// The texts of sections; empty where their file is not there, because a hit without its excerpt is a hit all the same.
export async function textsOf(sections, { shelves }) {
  if (!shelves) return sections.map(textOnPage)
  await Promise.all(sections.map(({ path }) => {
    if (globalThis.opsbookTexts?.[path]) return null
    const shelf = shelfOf(path, shelves)
    if (!asked.has(shelf)) asked.set(shelf, script(`search/text-${shelf}.js`).catch(() => asked.delete(shelf)))
    return asked.get(shelf)
  }))
  return sections.map(({ path, nth }) => globalThis.opsbookTexts?.[path]?.[nth] ?? '')
}

export const idOf = ({ file, anchor }) => (anchor ? `${file}:${anchor}` : file)

// The text of a section of a bundle, from its page: up to the next heading.
function textOnPage(section) {
  const head = document.getElementById(idOf(section))?.closest('.headline')
  let text = ''
  for (let next = head?.nextElementSibling; next && !next.matches('.headline') && text.length < longest; next = next.nextElementSibling) {
    text += `${next.textContent} `
  }
  return text.replace(/\s+/g, ' ').trim()
}
