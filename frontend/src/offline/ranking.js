// Which sections answer a question, the best first. A heading that holds a word beats prose that repeats it.

import { decode } from './index.js'
import { stem, words } from './folding.js'
import { asked } from './pasted.js'

const weights = { head: 3, alert: 4, title: 2, first: 0.6 }
const often = [1, 2, 3.5, 7] // how often a word stands in a text, by its grade
const mostOfPage = 3
const mostTerms = 60

// The hits of a text: sections with the words that were found in each, what was mended, and what nothing has.
export function found(text, index, most = 20) {
  const { isPasted, words: wanted } = asked(text)
  const unknown = []
  const mended = []
  const scores = new Float64Array(index.sections.length)
  const shares = new Float64Array(index.sections.length)
  const marked = new Set()
  let whole = 0
  wanted.forEach((word, number) => {
    const isLast = number === wanted.length - 1 && !isPasted && !/\s$/.test(text)
    const meant = termsOf(word, index, { isLast, mends: !isPasted })
    if (!meant.terms.length) return unknown.push(word)
    if (meant.mended) mended.push([word, meant.mended])
    meant.terms.forEach(([term]) => marked.add(term.word))
    whole += add(meant.terms, index, scores, shares)
  })
  const ranked = []
  const names = words(text).join('')
  scores.forEach((score, at) => {
    if (!score) return
    const section = index.sections[at]
    const share = shares[at] / whole
    let rank = score * (isPasted ? share : share * share * share)
    if (!isPasted) {
      if (words(section.heading).join('') === names) rank *= 1.6
      if (section.isFirst && words(section.title).join('') === names) rank *= 1.5
      if (section.alerts?.some((alert) => alert.toLowerCase() === names)) rank *= 2
    }
    ranked.push([rank, at])
  })
  ranked.sort((one, other) => other[0] - one[0] || one[1] - other[1])
  return { hits: fewOfEach(ranked, index, most), marked, mended, unknown }
}

function fewOfEach(ranked, index, most) {
  const counted = new Map()
  const hits = []
  for (const [, at] of ranked) {
    const section = index.sections[at]
    const count = counted.get(section.page) ?? 0
    if (count >= mostOfPage) continue
    counted.set(section.page, count + 1)
    hits.push(section)
    if (hits.length === most) break
  }
  return hits
}

// What one word of the question adds to each section, at most once; how rare it is comes back.
function add(terms, index, scores, shares) {
  const best = new Map()
  const more = (at, value) => value > (best.get(at) ?? 0) && best.set(at, value)
  for (const [term, weight] of terms) {
    const own = new Map()
    const put = (at, value) => own.set(at, (own.get(at) ?? 0) + value)
    decode(term.at, (at, grade) => {
      const times = often[grade]
      const length = index.sections[at].length / index.average
      put(at, (times * 2.2) / (times + 1.2 * (0.25 + 0.75 * length)))
    })
    for (const at of term.heads) put(at, weights.head)
    for (const at of term.alerts) put(at, weights.alert)
    for (const [start, stop] of term.titles) {
      put(start, weights.first)
      for (let at = start; at < stop; at++) put(at, weights.title)
    }
    own.forEach((value, at) => more(at, value * weight))
  }
  const rarity = Math.log(1 + index.sections.length / (best.size + 0.5))
  best.forEach((value, at) => {
    scores[at] += value * rarity
    shares[at] += rarity
  })
  return rarity
}

// The terms of the book that a word may mean, each with how surely: itself, of the same stem, begun so, or mistyped.
function termsOf(word, { terms, sorted, stems }, { isLast, mends }) {
  const own = new Map()
  const put = (term, weight) => own.has(term) || own.set(term, weight)
  if (terms.has(word)) put(word, 1)
  for (const other of stems.get(stem(word)) ?? []) put(other, 0.85)
  if ((isLast || !own.size) && word.length > 1) {
    for (let at = lower(sorted, word); at < sorted.length && sorted[at].startsWith(word) && own.size < mostTerms; at++) put(sorted[at], 0.6)
  }
  let mended = ''
  if (!own.size && mends && word.length > 3) {
    const near = nearest(word, sorted)
    near.forEach((other) => put(other, 0.5))
    mended = near[0] ?? ''
  }
  return { terms: [...own].map(([each, weight]) => [terms.get(each), weight]), mended }
}

function lower(sorted, word) {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < word) low = middle + 1
    else high = middle
  }
  return low
}

function nearest(word, sorted) {
  const most = word.length > 7 ? 2 : 1
  let best = []
  let least = most
  for (const other of sorted) {
    if (Math.abs(other.length - word.length) > least || /^\d+$/.test(other)) continue
    const away = distance(word, other, least)
    if (away > least) continue
    if (away < least) best = []
    least = away
    best.push(other)
  }
  return best.slice(0, 5)
}

// How many letters differ, are more, fewer, or stand the other way about; more than `most` need not be counted out.
function distance(one, other, most) {
  let before = []
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    let least = i
    for (let j = 1; j <= other.length; j++) {
      let cost = Math.min(next[j - 1], row[j]) + 1
      cost = Math.min(cost, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) cost = Math.min(cost, before[j - 2] + 1)
      next.push(cost)
      least = Math.min(least, cost)
    }
    if (least > most) return most + 1
    before = row
    row = next
  }
  return row[other.length]
}
