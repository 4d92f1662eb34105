// Calls a function for the whole page, and again for each part of it that is put in later.

export function whenShown(run) {
  document.addEventListener('htmx:load', ({ detail }) => run(detail.elt.parentElement ?? document))
  document.addEventListener('opsbook:shown', ({ detail }) => run(detail))
  run(document)
}
