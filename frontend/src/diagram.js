// Draws one Mermaid diagram. Runs in a sandboxed frame that has no origin and no network: what a page of the book
// says in a diagram can reach nothing but its own box. Text comes in by message, the size goes out by message.

import mermaid from 'mermaid'

// What a diagram may not set for itself. Labels are text: markup in them would be the page's author's, not ours.
const fixed = ['secure', 'securityLevel', 'startOnLoad', 'maxTextSize', 'suppressErrorRendering', 'maxEdges', 'htmlLabels']
let drawn = 0

addEventListener('message', async ({ data, source }) => {
  if (source !== parent || typeof data?.text !== 'string') return
  const number = ++drawn
  document.documentElement.style.colorScheme = data.isDark ? 'dark' : 'light'
  mermaid.initialize({
    startOnLoad: false, securityLevel: 'strict', htmlLabels: false, secure: fixed, theme: data.isDark ? 'dark' : 'neutral',
    fontFamily: 'system-ui, sans-serif', suppressErrorRendering: true, deterministicIds: true,
  })
  try {
    const { svg } = await mermaid.render(`drawing-${number}`, data.text)
    if (number !== drawn) return
    document.body.innerHTML = svg
    const box = document.querySelector('svg')?.getBoundingClientRect()
    parent.postMessage({ height: Math.ceil(box?.height ?? 0) }, '*')
  } catch (wrong) {
    parent.postMessage({ wrong: String(wrong?.message ?? wrong) }, '*')
  }
})

parent.postMessage({ ready: true }, '*')
