// What a step prints, as it prints it: goes on where the page left off, and stays at the end for whoever is there.
//
// At most two outputs are followed at once: a browser opens six connections to a host, and the page itself needs one.

import { parsed } from './live.js'
import { whenShown } from './shown.js'

const most_open = 2
const most_kept = 2_000_000 // characters; more makes a browser slow, and the page of the output has all of it
const again_ms = 2000
const open = new Set()

// What the server painted: text, and spans with classes. Whatever else it were would be text here.
function painted(html) {
  const found = new DOMParser().parseFromString(`<body>${html}`, 'text/html').body.childNodes
  return [...found].map((node) => {
    if (node.nodeName !== 'SPAN') return node.textContent
    const span = document.createElement('span')
    span.className = node.className
    span.textContent = node.textContent
    return span
  })
}

class Console {
  constructor(box) {
    this.box = box
    this.mark = box.dataset.mark
    this.screen = box.querySelector('.terminal')
    this.whole = box.querySelector('.terminal-whole')
    this.last = box.querySelector('.terminal-last')
    this.kept = this.whole.textContent.length
    box.dataset.drawn = ''
    open.add(this)
    this.begin()
  }

  begin() {
    if (!this.box.isConnected) return this.close()
    this.source = new EventSource(`${this.box.dataset.console}&after=${encodeURIComponent(this.mark)}`)
    this.source.addEventListener('output', (event) => {
      this.mark = event.lastEventId
      this.put(parsed(event.data))
    })
    this.source.addEventListener('skipped', (event) => {
      this.mark = event.lastEventId
      this.empty()
    })
    this.source.addEventListener('end', ({ data }) => {
      this.put(parsed(data))
      this.close()
    })
    this.source.onerror = () => {
      this.source.close()
      this.timer = setTimeout(() => this.begin(), again_ms)
    }
  }

  put(part) {
    if (!part) return
    const { scrollTop, scrollHeight, clientHeight } = this.screen
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 24
    if (part.whole) {
      const lines = document.createElement('span')
      lines.append(...painted(part.whole))
      this.kept += lines.textContent.length
      this.whole.append(lines)
    }
    this.last.replaceChildren(...painted(part.last))
    if (part.whole || part.last) this.box.querySelector('.console-empty')?.remove()
    while (this.kept > most_kept && this.whole.childNodes.length > 1) {
      this.kept -= this.whole.firstChild.textContent.length
      this.whole.firstChild.remove()
      this.box.querySelector('.console-more').hidden = false
    }
    if (isAtEnd) this.screen.scrollTop = this.screen.scrollHeight
  }

  empty() {
    this.whole.replaceChildren()
    this.last.replaceChildren()
    this.kept = 0
    this.box.querySelector('.console-more').hidden = false
  }

  close() {
    clearTimeout(this.timer)
    this.source?.close()
    open.delete(this)
    delete this.box.dataset.live
    watch(document)
  }
}

function watch(within) {
  for (const each of open) if (!each.box.isConnected) each.close()
  for (const box of within.querySelectorAll('.console[data-live]:not([data-drawn])')) {
    if (open.size >= most_open) return
    if (box.closest('details:not([open])')) continue
    new Console(box)
  }
}

// What is unfolded is seen from its end on.
function toTheEnd(within) {
  for (const screen of within.querySelectorAll('.terminal:not([data-placed])')) {
    if (!screen.clientHeight) continue
    screen.scrollTop = screen.scrollHeight
    screen.dataset.placed = ''
  }
}

whenShown((within) => {
  toTheEnd(within)
  watch(within)
})
document.addEventListener('toggle', ({ target }) => {
  toTheEnd(target)
  watch(target)
}, true)
addEventListener('pagehide', () => [...open].forEach((each) => each.close()))
