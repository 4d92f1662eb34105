// What every request that changes something carries, so that no other site can send it.

export const token = document.querySelector('meta[name="csrf-token"]')?.content ?? ''

document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (token) detail.headers['X-CSRF-Token'] = token
})
