// The search palette: one keystroke from anywhere, results while typing, the keyboard alone is enough.
// Follows the combobox pattern: focus stays in the field, and aria-activedescendant tells what is chosen.

import { recent } from './recent.js'

const dialog = document.getElementById('palette')
const field = document.getElementById('palette-q')
const list = document.getElementById('palette-list')
const told = document.getElementById('palette-told')
const counted = document.getElementById('palette-count')
let pause_ms = 60 // between two letters of a fast typist; each question costs the server some milliseconds

let asked = null // what is being asked: its text and how to stop it
let shown = '' // the text whose hits are in the list
let opensFirst = false // Enter was pressed before the answer came
let timer = 0

export function openPalette(text) {
  if (!dialog || dialog.open) return
  for (const other of document.querySelectorAll('dialog[open]')) other.close()
  dialog.showModal()
  if (typeof text === 'string') field.value = text
  field.select()
  seek()
}

// The places that have a word which begins so: they come before what is found.
function places(text) {
  const all = document.querySelector('template.palette-places')?.content.cloneNode(true) ?? document.createDocumentFragment()
  const wanted = text.toLowerCase()
  for (const place of [...all.querySelectorAll('[role="option"]')]) {
    const words = ` ${place.textContent.toLowerCase()}`
    if (wanted.length < 2 || !words.includes(` ${wanted}`)) place.remove()
  }
  return all
}

const options = () => [...list.querySelectorAll('[role="option"]')]
const chosen = () => list.querySelector('[aria-selected="true"]')

function choose(option) {
  chosen()?.setAttribute('aria-selected', 'false')
  option?.setAttribute('aria-selected', 'true')
  option?.scrollIntoView({ block: 'nearest' })
  if (option) field.setAttribute('aria-activedescendant', option.id)
  else field.removeAttribute('aria-activedescendant')
}

function show(text, fragment, words) {
  list.replaceChildren(fragment)
  shown = text
  const all = options()
  all.forEach((option, number) => {
    option.id = `palette-${number}`
    option.tabIndex = -1
  })
  field.setAttribute('aria-expanded', String(all.length > 0))
  list.scrollTop = 0
  choose(all[0])
  counted.textContent = words
  told.textContent = words
  if (opensFirst && all[0]) location.assign(all[0].href)
  opensFirst = false
}

function seek() {
  const text = field.value.trim()
  clearTimeout(timer)
  asked?.stop.abort()
  asked = null
  if (!text) return show('', recent(), '')
  timer = setTimeout(() => ask(text), shown ? pause_ms : 0)
}

// The hits of a text as a fragment with options. A copy of the book without a server has its own way.
let hitsOf = async (text, signal) => {
  const answer = await fetch(`/search?limit=20&q=${encodeURIComponent(text)}`, {
    headers: { 'HX-Request': 'true', Accept: 'text/html' }, signal,
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`)
  const page = new DOMParser().parseFromString(body, 'text/html')
  const found = document.createDocumentFragment()
  found.append(...page.body.childNodes)
  return found
}

export function findWith(own, pause) {
  hitsOf = own
  pause_ms = pause
}

async function ask(text) {
  const stop = new AbortController()
  asked = { text, stop }
  try {
    const found = await hitsOf(text, stop.signal)
    if (asked?.stop !== stop) return
    const count = found.querySelectorAll('[role="option"]').length
    const near = places(text)
    if (near.childElementCount && !count) found.replaceChildren()
    found.prepend(near)
    show(text, found, count === 1 ? '1 section' : `${count} sections`)
  } catch (wrong) {
    if (stop.signal.aborted) return
    const words = document.createElement('p')
    words.className = 'empty'
    words.textContent = `Search does not answer. ${wrong.message} Enter asks again, as a page.`
    show('', words, 'Search does not answer.')
  }
}

function onKey(event) {
  if (event.isComposing) return
  const all = options()
  const at = all.indexOf(chosen())
  const to = {
    ArrowDown: all[(at + 1) % all.length], ArrowUp: all[(at - 1 + all.length) % all.length],
    PageDown: all[Math.min(at + 5, all.length - 1)], PageUp: all[Math.max(at - 5, 0)],
    Home: all[0], End: all.at(-1),
  }
  if (event.key in to) {
    if (!all.length) return
    event.preventDefault()
    choose(to[event.key])
  } else if (event.key === 'Enter') {
    const text = field.value.trim()
    if (text !== shown && text) {
      event.preventDefault()
      opensFirst = true
      if (!asked) seek()
    } else if (chosen()) {
      event.preventDefault()
      follow(chosen(), event)
    } else if (!text) event.preventDefault()
  }
}

function follow(option, { ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) window.open(option.href, '_blank', 'noopener')
  else location.assign(option.href)
  dialog.close()
}

if (dialog) {
  field.addEventListener('input', seek)
  field.addEventListener('keydown', onKey)
  list.addEventListener('click', (event) => event.target.closest('[role="option"]') && dialog.close())
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close())
  // The browser's own search field empties itself on Escape before it lets the dialog close.
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    dialog.close()
  })
  dialog.addEventListener('close', () => {
    asked?.stop.abort()
    opensFirst = false
  })
}
