// Short words at the corner of the page, read aloud too. Never the only place where something is said.

const shown_ms = 6000

// What was told of the last try says nothing of the next one. One that has a button waits for its answer.
export function untell() {
  for (const each of document.querySelectorAll('.toast:not(:has(button))')) each.remove()
}

export function tell(words, act) {
  const toast = document.createElement('div')
  toast.className = 'toast'
  toast.append(words)
  if (act) {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'plain'
    button.textContent = act.words
    button.addEventListener('click', act.run)
    toast.append(button)
  }
  document.getElementById('toasts')?.append(toast)
  if (!act) setTimeout(() => toast.remove(), shown_ms)
  return toast
}
