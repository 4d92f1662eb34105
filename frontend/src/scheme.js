// Sets the colour scheme that was chosen by hand before anything is drawn, so that nothing flashes.
try {
  const chosen = localStorage.getItem('opsbook.scheme')
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.scheme = chosen
} catch {
  // Storage is forbidden here: the system's own scheme holds.
}
document.documentElement.classList.add('scripted')
