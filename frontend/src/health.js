// The health of a probe as it is told: put where the page shows that probe, and into the headline over all of them, in
// the shapes that the page came with.

import { parsed, stream } from './live.js'

const gravest = ['unhealthy', 'unknown', 'healthy']

stream?.addEventListener('health', ({ data }) => {
  const health = parsed(data)
  if (!health) return
  for (const part of document.querySelectorAll('[sse-swap^="health-"]')) {
    if (part.getAttribute('sse-swap') === `health-${health.probe}`) put(part, health)
  }
  for (const headline of document.querySelectorAll('[data-worst]')) head(headline, health)
})

function put(part, health) {
  const why = part.querySelector('[data-why]')
  if (why && why.textContent !== health.why) why.textContent = health.why
  if (!wear(part, health.state)) return
  const box = part.closest('.beside')
  if (box) box.dataset.state = health.state
  const since = part.querySelector('time')
  if (since && health.since) {
    since.dateTime = health.since
    since.textContent = `${health.since.slice(0, 16).replace('T', ' ')}\u00a0UTC`
  }
}

// The headline keeps the state of each of the page's probes: the worst of them is the page's.
function head(headline, health) {
  const states = parsed(headline.dataset.worst)
  if (!states || !(health.probe in states)) return
  states[health.probe] = health.state
  headline.dataset.worst = JSON.stringify(states)
  const known = Object.values(states)
  wear(headline, gravest.find((state) => known.includes(state)))
}

// Whether the badge is another than before.
function wear(part, state) {
  const shapes = document.getElementById('health-shapes')?.content
  const shape = shapes?.querySelector(`[data-state="${CSS.escape(state)}"]`)
  const badge = part.querySelector('.health')
  if (!shape || !badge || badge.dataset.state === state) return false
  badge.replaceWith(shape.cloneNode(true))
  return true
}
