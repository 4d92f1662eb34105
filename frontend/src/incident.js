// The forms of an incident without a page load: what is done is answered with the page as it is then, which is put in the
// place of what is shown. A form says which version its sender looked at: that from which its fields come.
// Without this script each form is sent, and the page loaded.

import { take } from './following.js'
import { tell, untell } from './toasts.js'

// Forms that say the same of the same field: what one of them has done is no more to be done by the other.
const saysThe = (form) => ['do', 'field'].map((name) => form.elements[name]?.value).join(' ')

// What a form needs where nothing works it out while it is filled in.
for (const each of document.querySelectorAll('[data-without-scripts]')) each.remove()

document.addEventListener(
  'toggle',
  ({ target }) => {
    if (!target.open || !document.querySelector('[data-version]')) return
    target.querySelector('input:not([type="hidden"], [type="datetime-local"], [hidden]), select, textarea')?.focus({ preventScroll: true })
  },
  true,
)

document.addEventListener('submit', async (event) => {
  const form = event.target.closest?.('form[data-incident]')
  if (!form || event.defaultPrevented || !document.querySelector('[data-version]')) return
  event.preventDefault()
  untell()
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
      const done = saysThe(form)
      for (const each of document.querySelectorAll('form[data-incident]')) if (saysThe(each) === done && each.querySelector('[data-expected]')) each.reset()
      form.reset()
      const fold = form.closest('details.run-more')
      if (fold) fold.open = false
    }
    if (!take(page)) return location.reload()
    const wrong = answer.ok ? null : document.querySelector('main > [data-stays]')
    wrong?.scrollIntoView({ block: 'center' })
  } catch {
    tell('Nothing was done: the server does not answer.')
  } finally {
    if (button) button.disabled = false
  }
})
