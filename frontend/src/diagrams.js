// Diagrams: each is drawn in a frame of its own that has no origin, when it comes near. Its source stays below it, and
// is all there is where nothing can be drawn.

import { isDark } from './scheme_button.js'
import { whenShown } from './shown.js'

const page = document.body.dataset.diagramPage
const tallest_px = 4000
const frames = new Map()

function draw(figure) {
  const source = figure.querySelector('pre')
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', 'allow-scripts')
  frame.title = 'Diagram; its source follows'
  const folded = document.createElement('details')
  const words = document.createElement('summary')
  words.textContent = 'Source of the diagram'
  source.replaceWith(frame)
  folded.append(words, source)
  figure.append(folded)
  figure.dataset.drawn = ''
  frames.set(frame, { figure, text: source.textContent, isReady: false })
  frame.src = page
}

function ask(frame) {
  // The frame has no origin, so none can be named: what is sent stands on this page for all to read.
  frame.contentWindow.postMessage({ text: frames.get(frame).text, isDark: isDark() }, '*')
}

addEventListener('message', ({ data, source }) => {
  const frame = [...frames.keys()].find((each) => each.contentWindow === source)
  if (!frame) return
  if (data?.ready) {
    frames.get(frame).isReady = true
    ask(frame)
  } else if (Number.isFinite(data?.height)) {
    frame.style.height = `${Math.min(Math.max(data.height, 40) + 24, tallest_px)}px`
  } else if (typeof data?.wrong === 'string') fail(frame, data.wrong)
})

function fail(frame, why) {
  const { figure } = frames.get(frame)
  const words = document.createElement('p')
  words.className = 'wrong'
  words.textContent = `This diagram cannot be drawn: ${why.split('\n')[0]}`
  frame.replaceWith(words)
  figure.querySelector('details').open = true
  frames.delete(frame)
}

document.addEventListener('opsbook:scheme', () => {
  for (const [frame, { isReady }] of frames) if (isReady) ask(frame)
})

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    near.unobserve(target)
    draw(target)
  }
}, { rootMargin: '600px' })

function watchDiagrams(within) {
  if (page) within.querySelectorAll('.diagram[data-diagram="mermaid"]:not([data-drawn])').forEach((each) => near.observe(each))
}

whenShown(watchDiagrams)
