// The forms of an incident without a page load: what is done is answered with the page as it is then, which is put in the
// place of what is shown. A form says which version its sender looked at: that of the moment in which it was unfolded.
// Without this script each form is sent, and the page loaded.

import { take } from './following.js'
import { tell } from './toasts.js'

const versionNow = () => document.querySelector('[data-version]')?.dataset.version

// What a form needs where nothing works it out while it is filled in.
for (const each of document.querySelectorAll('[data-without-scripts]')) each.remove()

document.addEventListener(
  'toggle',
  ({ target }) => {
    if (!target.open || !versionNow()) return
    for (const field of target.querySelectorAll('[data-expected]')) field.value = versionNow()
    target.querySelector('input:not([type="hidden"], [type="datetime-local"], [hidden]), select, textarea')?.focus({ preventScroll: true })
  },
  true,
)

document.addEventListener('submit', async (event) => {
  const form = event.target.closest?.('form[data-incident]')
  if (!form || event.defaultPrevented || !document.querySelector('[data-version]')) return
  event.preventDefault()
  const said = new URLSearchParams(new FormData(form, event.submitter))
  const button = event.submitter
  if (button) button.disabled = true
  try {
    const answer = await fetch(form.action, { method: 'POST', body: said, headers: { Accept: 'text/html' } })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const isSame = new URL(answer.url).pathname === location.pathname
    if (!isSame || !page.querySelector('[data-version]')) {
      if (answer.ok) return location.assign(answer.url)
      return tell(page.querySelector('main p')?.textContent ?? 'Nothing was done.')
    }
    document.getElementById('undo')?.remove()
    for (const told of document.querySelectorAll('main > [data-stays]')) told.remove()
    if (answer.ok) {
      form.reset()
      const fold = form.closest('details.run-more')
      if (fold) fold.open = false
    }
    if (!take(page)) return location.reload()
    for (const field of document.querySelectorAll('[data-expected]')) if (answer.ok) field.value = versionNow()
    const wrong = answer.ok ? null : document.querySelector('main > [data-stays]')
    wrong?.scrollIntoView({ block: 'center' })
  } catch {
    tell('Nothing was done: the server does not answer.')
  } finally {
    if (button) button.disabled = false
  }
})
