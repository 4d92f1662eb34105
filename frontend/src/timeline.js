// The timeline of an incident: what others write appears by itself, in the zone that was chosen, and what is written here
// is sent without a page load, with pictures that are pasted or dropped.

import htmx from 'htmx.org'
import { parsed, stream } from './live.js'
import { whenShown } from './shown.js'
import { tell, untell } from './toasts.js'

const kept = 'opsbook.zone'
const apart_ms = 1500 // many who have it open do not ask all at once
const largest = 10_000_000
const part = () => document.querySelector('[data-timeline]')
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

// -- in which zone -------------------------------------------------------------------------------------------------

let zone
try {
  zone = localStorage.getItem(kept)
} catch {
  // Nothing may be kept here; the zone is that of the page.
}

function clock(name) {
  try {
    const numbers = { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
    return new Intl.DateTimeFormat('en-GB', { timeZone: name, ...numbers })
  } catch {
    return null
  }
}

function tellTimes(within) {
  const name = part()?.dataset.zone ?? 'UTC'
  const told = clock(name)
  if (!told) return
  for (const time of within.querySelectorAll('time[data-zoned]')) {
    const pieces = Object.fromEntries(told.formatToParts(new Date(time.dateTime)).map(({ type, value }) => [type, value]))
    const words = `${pieces.day} ${months[pieces.month - 1]} ${pieces.hour}:${pieces.minute}`
    if (time.textContent !== words) time.textContent = words
  }
}

function choose(name, isKept) {
  if (!part() || !clock(name)) return
  part().dataset.zone = name
  for (const field of document.querySelectorAll('[data-zone-choice], [data-zone-kept]')) field.value = name
  tellTimes(part())
  if (!isKept) return
  zone = name
  try {
    localStorage.setItem(kept, name)
  } catch {
    // It is so for this page.
  }
}

document.addEventListener('change', ({ target }) => {
  if (!target.matches?.('[data-zone-choice]')) return
  if (clock(target.value)) return choose(target.value, true)
  tell(`There is no time zone '${target.value}'. Write it as Europe/Berlin, or UTC.`)
  target.value = part()?.dataset.zone ?? 'UTC'
})
document.addEventListener('click', ({ target }) => {
  const here = target.closest?.('[data-zone-here]')
  if (here) choose(here.dataset.zoneHere, true)
})

// -- what others write ---------------------------------------------------------------------------------------------

whenShown(() => {
  const shown = part()
  if (!shown) return
  if (!('seen' in shown.dataset)) {
    shown.dataset.seen = ''
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone
    const here = shown.querySelector('[data-zone-here]')
    if (here && own && own !== 'UTC') {
      here.dataset.zoneHere = own
      here.title = own
      here.hidden = false
    }
    if (!('part' in shown.dataset)) stream?.follow(shown.dataset.timeline, shown.dataset.position)
    if (zone && shown.dataset.zone === 'UTC') choose(zone, false)
  }
  tellTimes(shown)
})

let asking
function again(soon) {
  asking ??= setTimeout(() => {
    asking = undefined
    const shown = part()
    if (!shown) return
    const form = shown.querySelector('form')
    const query = new URLSearchParams(new FormData(form))
    htmx.ajax('GET', `${form.getAttribute('action')}?${query}`, { target: shown, swap: 'outerHTML' })
  }, soon ? 0 : Math.random() * apart_ms)
}

stream?.addEventListener('timeline', ({ data }) => {
  const told = parsed(data)
  const shown = part()
  if (!told || !shown || 'part' in shown.dataset || String(told.incident) !== shown.dataset.timeline) return
  if (told.anew) return again()
  const list = shown.querySelector('[data-entries]')
  for (const anchor of told.gone) for (const each of withAnchor(shown, anchor)) each.remove()
  let newest
  for (const { anchor, html } of told.entries) newest = put(shown, list, anchor, html) ?? newest
  if (newest) shown.querySelector('[data-newest]').textContent = newest.querySelector('.entry-text').textContent.slice(0, 200)
})

const withAnchor = (within, anchor) => within.querySelectorAll(`[data-entry="${CSS.escape(anchor)}"]`)

function put(shown, list, anchor, html) {
  const made = new DOMParser().parseFromString(`<ol>${html}</ol>`, 'text/html').querySelector('li')
  if (!made) return
  const before = [...withAnchor(list, anchor)]
  const isNew = !before.length
  const wasPinned = shown.querySelectorAll(`.timeline-pinned [data-entry="${CSS.escape(anchor)}"]`).length > 0
  for (const each of before) each.remove()
  if ('pinned' in made.dataset || wasPinned) again(true) // it stands twice
  if (!fits(shown, made)) return
  const entry = document.importNode(made, true)
  const next = [...list.children].find((each) => each.matches('.entry-older') || isEarlier(each, entry))
  if (next?.matches('.entry-older')) return // it comes when one has scrolled so far
  list.insertBefore(entry, next ?? null)
  shown.querySelector('[data-none]')?.remove()
  document.dispatchEvent(new CustomEvent('opsbook:shown', { detail: list }))
  return isNew ? entry : undefined
}

function isEarlier({ dataset: one }, { dataset: other }) {
  const by = Number(one.at) - Number(other.at)
  return by < 0 || (by === 0 && Number(one.position) < Number(other.position))
}

function fits({ dataset }, entry) {
  if (dataset.kinds && !dataset.kinds.split(' ').includes(entry.dataset.kind)) return false
  if ('onlyPinned' in dataset && !('pinned' in entry.dataset)) return false
  const said = entry.textContent.toLowerCase()
  return (dataset.words ?? '').toLowerCase().split(/\s+/).every((word) => said.includes(word))
}

// -- what is written here ------------------------------------------------------------------------------------------

const pasted = new WeakMap()

function add(form, files) {
  const all = pasted.get(form) ?? []
  for (const file of files) {
    if (file.size > largest) tell(`${file.name} is larger than 10 MB.`)
    else all.push(file)
  }
  pasted.set(form, all)
  show(form)
}

function show(form) {
  const items = (pasted.get(form) ?? []).map((file) => {
    const item = document.createElement('li')
    const away = document.createElement('button')
    away.type = 'button'
    away.className = 'plain'
    away.textContent = `Leave out ${file.name}`
    away.addEventListener('click', () => {
      pasted.set(form, pasted.get(form).filter((each) => each !== file))
      show(form)
    })
    item.append(away)
    return item
  })
  form.querySelector('.entry-pasted')?.replaceChildren(...items)
}

document.addEventListener('paste', (event) => {
  const form = event.target.closest?.('form[data-writes]')
  if (!form || !event.clipboardData?.files.length) return
  event.preventDefault()
  add(form, event.clipboardData.files)
})

for (const name of ['dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest?.('form[data-writes]')
    if (!form) return
    if (name === 'dragover') form.dataset.over = ''
    else delete form.dataset.over
    if (name !== 'dragleave') event.preventDefault()
    if (name === 'drop') add(form, event.dataTransfer.files)
  })
}

document.addEventListener('submit', async (event) => {
  const form = event.target.closest?.('form[data-writes]')
  if (!form || event.defaultPrevented || !part()) return
  event.preventDefault()
  untell()
  const said = new FormData(form)
  for (const file of pasted.get(form) ?? []) said.append('file', file, file.name || 'pasted.png')
  const button = form.querySelector('button[type="submit"]')
  button.disabled = true
  try {
    const answer = await fetch(form.action, { method: 'POST', body: said, redirect: 'manual', headers: { Accept: 'text/html' } })
    if (answer.type === 'opaqueredirect') {
      form.reset()
      pasted.delete(form)
      show(form)
      if (part()) choose(part().dataset.zone, false)
      if (stream?.readyState !== EventSource.OPEN) again(true)
      return
    }
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    tell(`Not written down: ${page.querySelector('.banner p:not(.banner-title)')?.textContent ?? answer.statusText}`)
  } catch {
    tell('Not written down: the server does not answer. What you wrote is still there.')
  } finally {
    button.disabled = false
  }
})

// With Control and Enter it is sent from where it is written.
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
  event.target.closest?.('form[data-writes]')?.requestSubmit()
})
