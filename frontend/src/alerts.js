// The list of alerts by the keyboard, and its forms without a page load: what is done is answered with the list as it is
// then, which is put in the place of what is shown. Without this script each form is sent, and the page loaded.

import { keys } from './keyboard.js'
import { take } from './following.js'
import { tell } from './toasts.js'

const list = () => document.getElementById('alerts')
const rows = () => [...(list()?.querySelectorAll('[data-alert]') ?? [])]
const boxes = () => [...(list()?.querySelectorAll('input[name="alert"]') ?? [])]
const chosen = () => boxes().filter((box) => box.checked)
const rowNow = () => document.activeElement?.closest?.('[data-alert]')

let cameUp // the row that came to where another was acted on; going on by one leads to it, and past none

function move(by) {
  const all = rows()
  if (!all.length) return false
  const at = all.indexOf(rowNow())
  const step = by > 0 && at >= 0 && all[at] === cameUp ? 0 : by
  cameUp = undefined
  const next = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + step, 0), all.length - 1)]
  next.querySelector('.alert-name').focus()
  next.scrollIntoView({ block: 'nearest' })
  return true
}

function pick() {
  const box = rowNow()?.querySelector('input[name="alert"]')
  if (!box) return false
  box.checked = !box.checked
  count()
  return true
}

// With nothing selected it is the alert that has the focus.
function act(name) {
  const form = list()
  const button = form?.querySelector(`button[name="do"][value="${name}"]`)
  if (!button) return false
  const box = chosen().length ? null : rowNow()?.querySelector('input[name="alert"]')
  if (!chosen().length && !box) {
    tell('Choose an alert first: j and k move, x selects.')
    return true
  }
  if (box) box.checked = true
  form.requestSubmit(button)
  return true
}

function undo() {
  const button = document.querySelector('#undo button')
  button?.click()
  return Boolean(button)
}

// Where there is no list, each says that it did nothing.
keys.set('j', () => move(1))
keys.set('k', () => move(-1))
keys.set('x', pick)
keys.set('a', () => act('acknowledge'))
keys.set('r', () => act('resolve'))
keys.set('s', () => act('silence'))
keys.set('u', undo)

function count() {
  const told = document.querySelector('[data-picked]')
  const many = chosen().length
  if (told) told.textContent = many ? `With ${many} selected:` : 'With the selected:'
}

document.addEventListener('change', ({ target }) => target.name === 'alert' && count())

document.addEventListener('submit', async (event) => {
  const form = event.target.closest?.('form[data-alerts]')
  const leads = event.submitter?.value === 'silence'
  if (!form || event.defaultPrevented || leads || !document.querySelector('[data-follows]')) return
  event.preventDefault()
  const all = rows()
  const focused = all.indexOf(rowNow())
  const id = rowNow()?.dataset.alert
  const said = new URLSearchParams(new FormData(form, event.submitter))
  try {
    const answer = await fetch(form.action, { method: 'POST', body: said, headers: { Accept: 'text/html' } })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    document.getElementById('undo')?.remove()
    for (const box of boxes()) box.checked = false
    if (!take(page)) return location.reload()
    count()
    const left = rows()
    if (focused < 0 || !left.length) return
    const row = left[Math.min(focused, left.length - 1)]
    if (row.dataset.alert !== id || row !== rowNow()) row.querySelector('.alert-name').focus({ preventScroll: true })
    cameUp = row.dataset.alert !== id ? row : undefined
  } catch {
    tell('Nothing was done: the server does not answer.')
  }
})
