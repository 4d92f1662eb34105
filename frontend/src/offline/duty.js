// Who is on call now, and tomorrow, said above the shifts of a schedule: by this clock, whenever the page was made.

const every_ms = 30_000

const word = (zone, options) => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options })
  } catch {
    return new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options })
  }
}

function tell(part) {
  const line = part.querySelector('[data-duty-now]')
  const rows = [...part.querySelectorAll('tr[data-from]')].map((row) => ({
    row, from: new Date(row.dataset.from), until: new Date(row.dataset.until), who: row.querySelector('[data-who]')?.textContent ?? 'nobody',
  }))
  if (!line || !rows.length) return
  const clock = word(part.dataset.zone, { weekday: 'short', day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' })
  const day = word(part.dataset.zone, { year: 'numeric', month: '2-digit', day: '2-digit' })
  const dated = word(part.dataset.zone, { weekday: 'short', day: '2-digit', month: 'short' })
  const now = new Date()
  const next = new Date(+now + 86_400_000)
  const dayAt = (at) => day.format(at)
  const here = rows.find(({ from, until }) => from <= now && now < until)
  for (const each of rows) {
    if (each === here) each.row.dataset.now = ''
    else delete each.row.dataset.now
  }
  const tomorrow = rows.filter(({ from, until }) => overlaps(from, until, dayAt(next), dayAt, next))
  const words = [strong('Now'), here ? `: ${here.who}, until ${clock.format(here.until)}` : ': nobody that this copy knows of']
  line.replaceChildren(...words, document.createElement('br'), strong(`Tomorrow, ${dated.format(next)}`),
    tomorrow.length ? `: ${tomorrow.map(({ who, from }) => (dayAt(from) === dayAt(next) ? `${who} from ${clock.format(from)}` : who)).join(', then ')}` : ': nobody that this copy knows of')
}

// Whether a shift has a part of the day that an instant lies in, by the clock of the schedule.
function overlaps(from, until, wanted, dayAt, instant) {
  if (from <= instant && instant < until) return true
  const last = new Date(+until - 1)
  return dayAt(from) === wanted || dayAt(last) === wanted
}

function strong(words) {
  const made = document.createElement('b')
  made.textContent = words
  return made
}

function tellAll() {
  document.querySelectorAll('.duty[data-zone]').forEach(tell)
}

tellAll()
setInterval(tellAll, every_ms)
