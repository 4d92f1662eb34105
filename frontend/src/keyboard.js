// Keys that work from anywhere: none of them while something is typed, and none that the browser needs.

import { openPalette } from './palette.js'

const wait_ms = 1200 // how long `g` waits for its second letter
let goesUntil = 0
export const keys = new Map() // what a page of its own does at a key; it says whether it did anything

const isTyping = (target) =>
  target.closest?.('input:not([type="checkbox"], [type="radio"], [type="submit"]), textarea, select, [contenteditable]')

function open(id) {
  if (id === 'palette') return openPalette()
  const dialog = document.getElementById(id)
  if (dialog && !dialog.open) dialog.showModal()
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return
  const { key, ctrlKey, metaKey, altKey, target } = event
  if ((ctrlKey || metaKey) && !altKey && !event.shiftKey && key.toLowerCase() === 'k') {
    event.preventDefault()
    return open('palette')
  }
  if (ctrlKey || metaKey || altKey || isTyping(target) || document.querySelector('dialog[open]')) return
  if (act(key)) event.preventDefault()
})

function act(key) {
  if (goesUntil > Date.now()) {
    goesUntil = 0
    const link = document.querySelector(`[data-jump="${CSS.escape(key)}"]`)
    if (link) location.assign(link.href)
    return Boolean(link)
  }
  if (key === '/') return open('palette'), true
  if (key === '?') return open('keyboard'), true
  if (key === 'g') return (goesUntil = Date.now() + wait_ms), true
  if (key === '[' || key === ']') return step(key === ']' ? 1 : -1)
  if (keys.get(key)?.()) return true
  const act = document.querySelector(`[data-key="${CSS.escape(key)}"]`)
  if (act?.matches('input, textarea')) act.focus()
  else act?.click()
  return Boolean(act)
}

function step(by) {
  const heads = [...document.querySelectorAll('main :is(h2, h3)[id], main h2, main h3')]
  const top = (document.querySelector('.top')?.getBoundingClientRect().bottom ?? 0) + 24
  const tops = heads.map((head) => head.getBoundingClientRect().top)
  const next = by > 0 ? tops.findIndex((y) => y > top + 4) : tops.findLastIndex((y) => y < top - 24)
  if (next < 0) return false
  heads[next].scrollIntoView()
  heads[next].tabIndex = -1
  heads[next].focus({ preventScroll: true })
  return true
}

document.addEventListener('click', (event) => {
  const opener = event.target.closest?.('[data-opens]')
  const closer = event.target.closest?.('[data-closes]')
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault()
    open(opener.dataset.opens)
  }
  if (closer) document.getElementById(closer.dataset.closes)?.close()
})
