// A page that stands for the book follows it while it is open: when the book is another, the page is asked for again and
// only what differs is put in place. Focus, selection, what was unfolded and what is being read stay where they are.

import htmx from 'htmx.org'
import { parsed, stream } from './live.js'
import { lifted } from './pressing.js'
import { tell } from './toasts.js'

const together_ms = 250 // changes of the book that come in a row are followed together
const followed = document.querySelector('[data-follows]')
const what = followed?.dataset.follows // nothing for the book, `runs` for all runs, `alerts`, or streams such as `run/ID alert/ID`
const wanted = new Set(what?.split(' '))
const isIncident = Boolean(what?.startsWith('incident/'))
const lineOfSource = /^L\d+$/ // such an id goes to another block when a line is put before it
let bookNumber
let timer
let isAsking = false

stream?.addEventListener('book', ({ data }) => {
  // Each stream begins by saying which book is in force.
  const number = parsed(data)?.number
  const isAnother = bookNumber !== undefined && number !== bookNumber
  bookNumber = number
  if (isAnother && what === '') soon()
})

stream?.addEventListener('run', ({ data }) => {
  const run = parsed(data)?.run
  if (what === 'runs' || (run && wanted.has(`run/${run}`))) soon()
})

// An alert, a page or a silence has moved; in a storm only that many have, and not which.
stream?.addEventListener('alert', ({ data }) => {
  const about = parsed(data)?.about
  if (followed && 'alerting' in followed.dataset) soon(false)
  else if (what && (what === 'alerts' || wanted.has(about) || (about === '' && what.startsWith('alert')) || (about === '' && isIncident))) soon()
})

// The timeline of an incident shows its entries itself.
stream?.addEventListener('incident', ({ data }) => {
  const moved = parsed(data)
  if (!followed || moved?.is_entry) return
  if (wanted.has(moved?.about) || 'incidents' in followed.dataset) soon(false)
})

// What came while the stream was away was missed.
const isMore = followed && ('alerting' in followed.dataset || 'incidents' in followed.dataset)
document.addEventListener('opsbook:back', () => (what || isMore) && soon())

// A run that moves all the time is followed all the same: the wait is not begun anew with each of its events.
function soon(isPatient = what === '') {
  if (isPatient) clearTimeout(timer)
  else if (timer) return
  timer = setTimeout(follow, together_ms)
}

async function follow() {
  timer = undefined
  if (isAsking) {
    timer = setTimeout(follow, together_ms)
    return
  }
  isAsking = true
  try {
    const answer = await fetch(followed.dataset.at ?? location.href, { headers: { Accept: 'text/html' }, cache: 'no-cache' })
    if (answer.status === 404) say('This page is not in the book any more.')
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    await lifted()
    if (!take(page)) say('This page has changed.')
  } catch {
    // The server went away; the stream says so, and tells of the book when it is back.
  } finally {
    isAsking = false
  }
}

// Shows another state of this page, as it was answered; whether it is one.
export function take(page) {
  const fresh = page.querySelector('[data-follows]')
  if (fresh && followed) renew(fresh, page.title)
  return Boolean(fresh && followed)
}

function say(words) {
  if (document.querySelector('.toast [data-reload]')) return
  const toast = tell(words, { words: 'Show it', run: () => location.reload() })
  toast.querySelector('button').dataset.reload = ''
}

function renew(fresh, title) {
  document.querySelector('.toast:has([data-reload])')?.remove()
  document.title = title
  const focused = document.activeElement
  const places = inSight()
  // What is read is kept in its place by hand, as not every browser does that; none must do it a second time.
  document.documentElement.style.overflowAnchor = 'none'
  become(followed, fresh)
  const kept = places.find(({ place }) => place.isConnected)
  if (kept) scrollBy({ top: kept.place.getBoundingClientRect().top - kept.top, behavior: 'instant' })
  requestAnimationFrame(() => document.documentElement.style.removeProperty('overflow-anchor'))
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true })
  htmx.process(followed)
  // What was asked for when it came in sight is asked for again; what has not come in sight yet still waits.
  for (const part of followed.querySelectorAll('[data-hx-revealed]')) htmx.trigger(part, 'opsbook:again')
  document.dispatchEvent(new CustomEvent('opsbook:shown', { detail: followed }))
}

// What is read now, from the top, and how far down each stands; nothing at the very top, which stays the top.
function inSight() {
  if (scrollY === 0) return []
  const line = document.querySelector('.top')?.offsetHeight ?? 0
  return [...followed.querySelectorAll('main :is(h1, h2, h3, h4, h5, h6, p, li, pre, tr)')]
    .map((place) => ({ place, top: place.getBoundingClientRect().top }))
    .filter(({ place, top }) => top >= line && top < innerHeight && place.offsetHeight)
}

// What tells a node from its neighbours, so that one that is put between them does not change them all.
function nameOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName
  const id = lineOfSource.test(node.id) ? '' : node.id
  return `${node.nodeName} ${id || node.getAttribute('href') || node.getAttribute('sse-swap') || wordsOf(node)}`
}

function wordsOf(node) {
  if (node.matches('.diagram')) return node.querySelector('pre')?.textContent
  if (node.matches('p, pre')) return node.textContent
  if (!node.matches('li, tr, details')) return ''
  return node.querySelector('summary')?.textContent ?? node.querySelector('a[href]')?.getAttribute('href') ?? node.textContent
}

// A form that says which version its sender looked at is shown as it is then, version and fields together; once
// somebody has written in it both stay, so that what others did meanwhile is not overwritten unseen.
const isVersioned = (form) => form?.querySelector('[data-expected]')
const isBegun = (node) => node.matches('form') && isVersioned(node) && [...node.elements].some(isChanged)

function isChanged(field) {
  if (field.matches('select')) {
    const begun = [...field.options].findLastIndex((each) => each.defaultSelected)
    return field.selectedIndex !== Math.max(begun, 0)
  }
  if (field.matches('[type=checkbox], [type=radio]')) return field.checked !== field.defaultChecked
  return field.matches('input:not([type=hidden], [hidden]), textarea') && field.value !== field.defaultValue
}

// What scripts have added or made is theirs; a part that asks for its own content is left to itself.
const isAdded = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches('.copy:not([data-copies])')
const isLeft = (node) => 'drawn' in node.dataset || 'timeline' in node.dataset || node.hasAttribute('hx-get') || isBegun(node)

// What was said to whoever sent this page stays for as long as what it names can still be answered.
const stays = (node, page) => node.nodeType === Node.ELEMENT_NODE && node.dataset.stays && page.querySelector(node.dataset.stays)
// What is written in a field is its reader's, though the page would begin it anew.
const isTyped = (node, name) =>
  ((name === 'value' && node.matches('input:not([type=hidden])')) || name === 'selected') && !isVersioned(node.closest('form'))

function become(node, fresh) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== fresh.nodeValue) node.nodeValue = fresh.nodeValue
  } else if (!isLeft(node) && !node.isEqualNode(fresh)) {
    wear(node, fresh)
    hold(node, fresh)
    if (node.matches('form') && isVersioned(node)) node.reset()
  }
}

function wear(node, fresh) {
  for (const { name } of [...node.attributes]) {
    if (name !== 'open' && name !== 'class' && !isTyped(node, name) && !fresh.hasAttribute(name)) node.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== 'open' && !isTyped(node, name) && node.getAttribute(name) !== value) node.setAttribute(name, value)
  }
}

function hold(node, fresh) {
  const old = new Map()
  const kept = new Set([...node.childNodes].filter((each) => stays(each, fresh.ownerDocument)))
  for (const child of [...node.childNodes].filter((each) => !isAdded(each) && !kept.has(each))) {
    const name = nameOf(child)
    if (!old.has(name)) old.set(name, [])
    old.get(name).push(child)
  }
  const pairs = [...fresh.childNodes].map((child) => [old.get(nameOf(child))?.shift(), child])
  for (const each of [...old.values()].flat()) each.remove()
  let next = node.firstChild
  for (const [same, child] of pairs) {
    while (kept.has(next)) next = next.nextSibling
    if (same) become(same, child)
    if (same && same === next) next = next.nextSibling
    else node.insertBefore(same ?? document.importNode(child, true), next)
  }
}
