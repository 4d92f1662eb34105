// Editing a page: findings and a preview while typing, and nothing that was typed is ever lost. Tab leaves the text as it
// leaves every field; saving without scripts works as well.

import { addDraft, keepDraft } from './draft.js'
import { jump, position } from './text_lines.js'

const form = document.querySelector('[data-editor]')
const text = document.getElementById('editor-text')
const shown = document.getElementById('editor-preview')
const said = form?.querySelector('.editor-said')
const place = document.getElementById('editor-place')
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? ''
const pause_ms = 300
const first = text?.value

let timer = 0
let asked = null
let isSaving = false

const isChanged = () => text.value !== first

function tellPlace() {
  const { line, column } = position(text)
  place.textContent = `${isChanged() ? 'Not saved · ' : ''}line ${line}, column ${column}`
}

function tell(words, tone) {
  if (!words) return said.replaceChildren()
  const banner = document.createElement('div')
  banner.className = 'banner'
  banner.dataset.tone = tone
  banner.append(words)
  said.replaceChildren(banner)
}

async function preview() {
  asked?.abort()
  asked = new AbortController()
  const { signal } = asked
  try {
    const answer = await fetch(form.dataset.preview, {
      method: 'POST', body: new URLSearchParams(new FormData(form)), signal,
      headers: { 'HX-Request': 'true', 'X-CSRF-Token': token, Accept: 'text/html' }, redirect: 'manual',
    })
    if (answer.type === 'opaqueredirect' || answer.status === 401 || answer.status === 403) {
      return tell('You are not signed in any more. What you typed is kept in this browser: sign in in another tab, '
        + 'then go on here.', 'warn')
    }
    const body = await answer.text()
    if (signal.aborted) return
    if (!answer.ok) return tell(`There is no preview: the server answered ${answer.status}.`, 'warn')
    tell('')
    const page = new DOMParser().parseFromString(body, 'text/html')
    const at = shown.scrollTop
    shown.replaceChildren(...page.body.childNodes)
    shown.scrollTop = at
    document.dispatchEvent(new CustomEvent('opsbook:shown', { detail: shown }))
  } catch {
    if (!signal.aborted) tell('The server does not answer. What you type is kept in this browser.', 'warn')
  }
}

function onInput() {
  clearTimeout(timer)
  timer = setTimeout(preview, pause_ms)
  keepDraft(form, text.value, isChanged())
  tellPlace()
}

if (form && text) {
  addDraft(form, text, onInput)
  text.addEventListener('input', onInput)
  for (const name of ['keyup', 'click', 'focus']) text.addEventListener(name, tellPlace)
  form.addEventListener('submit', () => (isSaving = true))
  addEventListener('pageshow', () => (isSaving = false))
  addEventListener('beforeunload', (event) => {
    if (isChanged() && !isSaving) event.preventDefault()
  })
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 's') {
      event.preventDefault()
      form.requestSubmit()
    }
  })
  shown.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href*="line="]')
    const line = Number(new URL(link?.href ?? location.href).searchParams.get('line'))
    if (!link || !line) return
    event.preventDefault()
    jump(text, line)
  })
  const line = Number(new URLSearchParams(location.search).get('line'))
  if (line) jump(text, line)
  tellPlace()
  preview()
}
