// The pages that were read last in this browser: what the palette offers before a word is typed.

const key = 'opsbook.recent'
const most = 8

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter(({ address, title }) => address?.startsWith('/') && title) : []
  } catch {
    return []
  }
}

function note() {
  if (!/^\/(book|services)\/./.test(location.pathname)) return
  const title = document.querySelector('main h1')?.textContent.trim() || document.title
  const others = read().filter(({ address }) => address !== location.pathname)
  try {
    localStorage.setItem(key, JSON.stringify([{ address: location.pathname, title }, ...others].slice(0, most)))
  } catch {
    // Storage is forbidden or full: then nothing is recent.
  }
}

export function recent() {
  const pages = read().filter(({ address }) => address !== location.pathname)
  const all = document.createDocumentFragment()
  if (!pages.length) return all
  const label = document.createElement('p')
  label.className = 'palette-label'
  label.setAttribute('role', 'presentation')
  label.textContent = 'Read last'
  all.append(label, ...pages.map(entry))
  return all
}

function entry({ address, title }) {
  const link = document.createElement('a')
  link.className = 'hit'
  link.href = address
  link.setAttribute('role', 'option')
  link.setAttribute('aria-selected', 'false')
  const name = document.createElement('span')
  name.className = 'hit-title'
  name.textContent = title
  const place = document.createElement('span')
  place.className = 'hit-place'
  place.textContent = decodeURI(address).replace(/^\/(book\/)?/, '')
  link.append(name, place)
  return link
}

note()
