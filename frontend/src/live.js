// One stream of events for the page: htmx swaps its fragments in, and the header says whether it is alive.
//
// It is closed while nobody looks: a browser opens six connections to a host, and a seventh tab would wait for ever.

import htmx from 'htmx.org'
import 'htmx-ext-sse'
import { tell } from './toasts.js'

const first_ms = 1000
const longest_ms = 30_000
const pulse = document.getElementById('pulse')

// Stands in for the browser's EventSource, which gives up on an answer that is not 200 and never says since when.
class Stream extends EventTarget {
  names = new Set()
  wait_ms = first_ms
  wasOpen = false
  lostAt = null
  followed = null // an incident, and up to where this page was told of it

  constructor(address) {
    super()
    this.address = address
    document.addEventListener('visibilitychange', () => (document.hidden ? this.close() : this.open()))
    addEventListener('pagehide', () => this.close())
    addEventListener('pageshow', ({ persisted }) => persisted && this.open())
    addEventListener('online', () => this.open())
    if (!document.hidden) this.open()
  }

  get readyState() {
    return this.source?.readyState ?? EventSource.CONNECTING
  }

  addEventListener(name, listener, options) {
    super.addEventListener(name, listener, options)
    if (this.names.has(name)) return
    this.names.add(name)
    if (this.source) this.pass(name)
  }

  pass(name) {
    this.source.addEventListener(name, ({ data, lastEventId }) => {
      if (name === 'timeline' && this.followed) this.followed.mark = lastEventId
      this.dispatchEvent(new MessageEvent(name, { data }))
    })
  }

  // Also tells what happens on an incident behind a position, and behind the last that it told when it comes back.
  follow(incident, mark) {
    if (this.followed?.incident === incident) return
    this.followed = { incident, mark }
    this.wasOpen = false
    this.close()
    if (!document.hidden) this.open()
  }

  get whole() {
    if (!this.followed) return this.address
    return `${this.address}?incident=${encodeURIComponent(this.followed.incident)}&after=${this.followed.mark}`
  }

  open() {
    clearTimeout(this.timer)
    if (this.source && this.source.readyState !== EventSource.CLOSED) return
    this.source = new EventSource(this.whole)
    this.names.forEach((name) => this.pass(name))
    this.source.onopen = () => {
      this.wait_ms = first_ms
      this.lostAt = null
      show('live', 'Live')
      if (this.wasOpen) refresh()
      this.wasOpen = true
    }
    this.source.onerror = () => this.lose()
  }

  lose() {
    this.close()
    this.lostAt ??= new Date()
    const clock = this.lostAt.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })
    show('lost', `Not live since ${clock}`)
    this.timer = setTimeout(() => this.open(), this.wait_ms * (0.75 + Math.random() / 2))
    this.wait_ms = Math.min(this.wait_ms * 2, longest_ms)
  }

  close() {
    clearTimeout(this.timer)
    this.source?.close()
  }
}

function show(state, words) {
  if (!pulse || pulse.dataset.state === state) return
  pulse.dataset.state = state
  pulse.querySelector('.pulse-word').textContent = words
}

// What came while the stream was away was missed: the live parts are taken from the page as it is now.
async function refresh() {
  document.dispatchEvent(new Event('opsbook:back'))
  for (const part of document.querySelectorAll('[hx-trigger*="opsbook:again"]')) htmx.trigger(part, 'opsbook:again')
  if (!document.querySelector('[sse-swap]')) return
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } })
    if (!answer.ok) return
    const now = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const fresh = new Map([...now.querySelectorAll('[sse-swap]')].map((part) => [part.getAttribute('sse-swap'), part]))
    for (const part of document.querySelectorAll('[sse-swap]')) {
      const same = fresh.get(part.getAttribute('sse-swap'))
      if (same && same.innerHTML !== part.innerHTML) part.replaceChildren(...same.cloneNode(true).childNodes)
    }
    const headline = now.querySelector('[data-worst]')
    if (headline) document.querySelector('[data-worst]')?.replaceWith(headline)
  } catch {
    // The server went away again; the stream says so itself.
  }
}

const address = document.body.getAttribute('sse-connect')
export const stream = address ? new Stream(address) : null
htmx.createEventSource = () => stream

// A part is asked for again soon after an event that it names, and once for all that come meanwhile. htmx' own throttle
// forgets those, the last one too.
const renewed_ms = 400
for (const part of stream ? document.querySelectorAll('[data-renewed]') : []) {
  let timer
  stream.addEventListener(part.dataset.renewed, () => {
    timer ??= setTimeout(() => {
      timer = undefined
      htmx.trigger(part, 'opsbook:again')
    }, renewed_ms)
  })
}

stream?.addEventListener('notice', ({ data }) => tell(said(data)))

export function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function said(text) {
  const notice = parsed(text)
  return typeof notice?.text === 'string' ? notice.text : text
}
