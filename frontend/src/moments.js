// Points in time: the local one as the title of the one in UTC, and "4 min ago" that stays true.

import { whenShown } from './shown.js'

const local = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'long' })
const every_ms = 30_000

function ago(seconds) {
  if (seconds < 0) return 'now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}

function tell(within) {
  for (const time of within.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime)
    if (Number.isNaN(at.valueOf()) || !time.dateTime.includes('T')) continue
    time.title = `${local.format(at)}\n${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
    if ('ago' in time.dataset) {
      const words = ago((Date.now() - at) / 1000)
      if (time.textContent !== words) time.textContent = words
    }
  }
}

whenShown(tell)
setInterval(() => document.hidden || tell(document), every_ms)
