// Says loudly when a bundle is old: by this clock, whenever it was made.

const { written, staleDays } = document.body.dataset
const banner = document.querySelector('#ob-age .banner')
const days = Math.floor((Date.now() - Date.parse(`${written}T00:00:00Z`)) / 86_400_000)
if (banner && days > Number(staleDays)) {
  banner.dataset.tone = 'bad'
  banner.setAttribute('role', 'alert')
  const words = document.createElement('p')
  words.className = 'banner-title'
  words.textContent = `This copy is ${days} days old`
  banner.querySelector('div').prepend(words)
}
