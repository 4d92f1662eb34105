// The search palette of an exported site: the same as the served one, answered by the index beside the pages.

import { findWith } from '../palette.js'
import { fold } from './folding.js'
import { idOf, index, textsOf } from './index.js'
import { found } from './ranking.js'

const around = 160 // letters of an excerpt
const pause_ms = 10 // nobody else is asked, so that the next letter may be answered at once

findWith(async (text) => {
  const whole = await index()
  const answer = found(text, whole)
  const texts = await textsOf(answer.hits, whole)
  return drawn(answer, texts)
}, pause_ms)

// So that the first question need not wait for the index.
document.addEventListener('focusin', ({ target }) => target.id === 'palette-q' && index().catch(() => {}))

function drawn({ hits, marked, mended, unknown }, texts) {
  const all = document.createDocumentFragment()
  const said = [
    ...mended.map(([typed, meant]) => `Nothing has “${typed}”; shown is “${meant}”.`),
    unknown.length ? `No page has ${unknown.map((word) => `“${word}”`).join(', ')}.` : '',
  ].filter(Boolean).join(' ')
  if (said) all.append(element('p', 'palette-label', said))
  if (!hits.length) {
    const empty = element('div', 'empty')
    empty.append(element('p', 'empty-title', 'Nothing has these words'), element('p', '', 'Try fewer words, or other words for the same.'))
    all.append(empty)
  }
  hits.forEach((hit, at) => all.append(entry(hit, texts[at], marked)))
  return all
}

function entry(hit, text, marked) {
  const link = element('a', 'hit')
  link.setAttribute('role', 'option')
  link.setAttribute('aria-selected', 'false')
  link.href = addressOf(hit)
  const title = element('span', 'hit-title', hit.heading)
  if (hit.heading !== hit.title) title.append(' ', element('span', 'of', hit.title))
  link.append(title)
  if (text) link.append(excerpt(text, marked))
  link.append(element('span', 'hit-place', `${hit.path}:${hit.line}`))
  return link
}

function addressOf(hit) {
  const { file, anchor } = hit
  if ('bundle' in document.body.dataset) return `#${idOf(hit)}`
  const path = file.split('/').map(encodeURIComponent).join('/')
  return `${document.body.dataset.root ?? ''}${path}${anchor ? `#${encodeURIComponent(anchor)}` : ''}`
}

// The stretch of the text that holds the most of the words, with these marked.
function excerpt(text, marked) {
  const places = [...text.matchAll(/[\p{L}\p{N}]+/gu)].filter(([word]) => marked.has(fold(word)))
  let best = 0
  let most = 0
  places.forEach(({ index: start }, at) => {
    const near = new Set()
    for (let next = at; next < places.length && places[next].index < start + around; next++) near.add(fold(places[next][0]))
    if (near.size > most) [best, most] = [start, near.size]
  })
  let from = Math.max(0, best - 30)
  if (from) from = text.indexOf(' ', from) + 1 || from
  const stop = Math.min(text.length, from + around)
  const shown = element('span', 'hit-snippet', from ? '…' : '')
  let done = from
  for (const { 0: word, index: start } of places) {
    if (start < done || start + word.length > stop) continue
    shown.append(text.slice(done, start), element('mark', '', word))
    done = start + word.length
  }
  shown.append(text.slice(done, stop), stop < text.length ? '…' : '')
  return shown
}

function element(name, kind, words) {
  const made = document.createElement(name)
  if (kind) made.className = kind
  if (words) made.textContent = words
  return made
}
