// The button for the colour scheme: as the system has it, dark, light. scheme.js obeys the choice before anything is drawn.

const order = ['system', 'dark', 'light']
const button = document.getElementById('scheme')
const root = document.documentElement

function label() {
  const now = root.dataset.scheme ?? 'system'
  button.setAttribute('aria-label', `Colour scheme: ${now === 'system' ? 'as the system has it' : now}`)
  button.title = button.getAttribute('aria-label')
}

button?.addEventListener('click', () => {
  const next = order[(order.indexOf(root.dataset.scheme ?? 'system') + 1) % order.length]
  if (next === 'system') delete root.dataset.scheme
  else root.dataset.scheme = next
  try {
    localStorage.setItem('opsbook.scheme', next)
  } catch {
    // Storage is forbidden: the choice holds for this page.
  }
  label()
  document.dispatchEvent(new CustomEvent('opsbook:scheme'))
})
if (button) label()

export const isDark = () =>
  (root.dataset.scheme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  document.dispatchEvent(new CustomEvent('opsbook:scheme')))
