// Forgets a draft once the page that it was for has been saved: the tab that sent it is shown the page, not the editor.

import { draftKey, submittedKey } from './draft_keys.js'

try {
  const path = sessionStorage.getItem(submittedKey)
  const here = document.querySelector('[data-page-path]')
  if (path && here?.dataset.pagePath === path) {
    if (!('editor' in here.dataset)) localStorage.removeItem(draftKey(path))
    sessionStorage.removeItem(submittedKey)
  }
} catch {
  // Storage is forbidden: then there is no draft.
}
