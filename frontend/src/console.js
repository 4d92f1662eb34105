// What a step prints, as it prints it: goes on where the page left off, and stays at the end for whoever is there.
//
// At most two outputs are followed at once: a browser opens six connections to a host, and the page itself needs one.

import { parsed } from './live.js'
import { whenShown } from './shown.js'

const most_open = 2
const most_kept = 200_000 // characters; more makes a browser slow, and the page of the output has all of it
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
    this.most = Math.max(most_kept, this.kept) // what the page came with stays as long
    this.waiting = []
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
      this.draw()
      const empty = this.box.querySelector('.console-empty')
      if (empty) empty.textContent = 'It printed nothing.'
      this.close()
    })
    this.source.onerror = () => {
      this.source.close()
      this.timer = setTimeout(() => this.begin(), again_ms)
    }
  }

  // However fast it comes, it is drawn once a frame; what would not be kept is not drawn at all.
  put(part) {
    if (!part) return
    this.waiting.push(part)
    let size = 0
    const first = this.waiting.findLastIndex(({ whole }) => (size += whole.length) > this.most)
    if (first > 0) {
      this.waiting.splice(0, first)
      this.cut()
    }
    this.frame ??= requestAnimationFrame(() => this.draw())
  }

  draw() {
    cancelAnimationFrame(this.frame)
    this.frame = undefined
    if (!this.waiting.length) return
    const { scrollTop, scrollHeight, clientHeight } = this.screen
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 24
    for (const { whole } of this.waiting) if (whole) this.add(whole)
    const { last } = this.waiting.at(-1)
    this.waiting = []
    this.last.replaceChildren(...painted(last))
    if (this.kept || last) this.box.querySelector('.console-empty')?.remove()
    while (this.kept > this.most && this.whole.childNodes.length > 1) {
      this.kept -= this.whole.firstChild.textContent.length
      this.whole.firstChild.remove()
      this.box.querySelector('.console-more').hidden = false
    }
    if (isAtEnd) this.screen.scrollTop = this.screen.scrollHeight
  }

  add(whole) {
    const lines = document.createElement('span')
    lines.append(...painted(whole))
    this.kept += lines.textContent.length
    this.whole.append(lines)
  }

  // What comes next does not follow what is shown.
  cut() {
    this.whole.replaceChildren()
    this.kept = 0
    this.box.querySelector('.console-more').hidden = false
  }

  empty() {
    this.waiting = []
    this.cut()
    this.last.replaceChildren()
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
