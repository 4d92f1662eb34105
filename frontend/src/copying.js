// Copy buttons: every block of code gets one, and says when it has copied.

import { whenShown } from './shown.js'
import { tell } from './toasts.js'

const icon = '<svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" '
  + 'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect x="7" y="7" width="9.5" height="9.5" rx="1.5"/>'
  + '<path d="M13 7V5a1.5 1.5 0 0 0-1.5-1.5H5A1.5 1.5 0 0 0 3.5 5v6.5A1.5 1.5 0 0 0 5 13h2"/></svg>'

function addCopyButtons(within) {
  for (const block of within.querySelectorAll('[data-copy]:not(:has(> .copy))')) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'plain copy'
    button.setAttribute('aria-label', 'Copy this code')
    button.innerHTML = icon
    block.append(button)
  }
}

async function copy(button) {
  const named = button.dataset.copies
  const source = named ? document.getElementById(named) : button.parentElement.querySelector('pre')
  const text = (source?.value ?? source?.textContent ?? '').replace(/\n$/, '')
  try {
    await navigator.clipboard.writeText(text)
    tell('Copied.')
  } catch {
    getSelection()?.selectAllChildren(source)
    tell('The browser does not let pages copy here. The text is selected: copy it with Ctrl-C.')
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('.copy')
  if (button) copy(button)
})
whenShown(addCopyButtons)
