// What was typed and not saved, kept in this browser until it is: a crash or a sign-out loses nothing.

import { draftKey, submittedKey } from './draft_keys.js'

const write_ms = 250
let timer = 0

export function keepDraft(form, text, isChanged) {
  clearTimeout(timer)
  const key = draftKey(form.dataset.pagePath)
  const digest = form.elements.digest?.value ?? ''
  timer = setTimeout(() => {
    try {
      if (isChanged) localStorage.setItem(key, JSON.stringify({ text, digest, at: new Date().toISOString() }))
      else localStorage.removeItem(key)
    } catch {
      // Storage is forbidden or full: the warning on leaving the page still holds.
    }
  }, write_ms)
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key) ?? 'null')
    return typeof draft?.text === 'string' ? draft : null
  } catch {
    return null
  }
}

// Offers the draft of an earlier visit; nothing is put into the text unasked.
export function addDraft(form, field, onTaken) {
  const key = draftKey(form.dataset.pagePath)
  form.addEventListener('submit', () => sessionStorage.setItem(submittedKey, form.dataset.pagePath))
  const draft = read(key)
  if (!draft || draft.text === field.value) return
  const at = new Date(draft.at)
  const isOld = draft.digest !== (form.elements.digest?.value ?? '')
  const banner = document.createElement('div')
  banner.setAttribute('role', 'status')
  banner.className = 'banner'
  banner.dataset.tone = 'note'
  const words = document.createElement('p')
  words.textContent = `You typed something here on ${at.toLocaleString()} that was not saved.`
    + (isOld ? ' The page has changed since: compare before you save it.' : '')
  const acts = document.createElement('p')
  acts.className = 'acts'
  acts.append(
    button('Take it', () => {
      field.value = draft.text
      banner.remove()
      onTaken()
      field.focus()
    }),
    button('Forget it', () => {
      localStorage.removeItem(key)
      banner.remove()
      field.focus()
    }),
  )
  const box = document.createElement('div')
  box.append(words, acts)
  banner.append(box)
  form.prepend(banner)
}

function button(words, run) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'button'
  made.textContent = words
  made.addEventListener('click', run)
  return made
}
