// What of a typed or pasted text is looked for. Of text from a log what changes from one occurrence to the next is dropped.

import { words } from './folding.js'

const volatile = new RegExp([
  /\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d)?)?/,
  /\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?/,
  /\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b/,
  /\b(?:sha256:|0x)[0-9a-fA-F]+|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b/,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:\/\d+)?/,
  /-[0-9a-f]{8,10}-[a-z0-9]{5}\b/,
  /\b\w+:\/\//,
  /(?<![\w:/])\/(?:[\w.@+~-]+\/)+/,
  /\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|sec|seconds|m|min|h|d|[KMGT]i?B?|bytes|%)(?![\w-])/,
].map(({ source }) => source).join('|'), 'g')
const noise = new Set(('level lvl msg ts caller time timestamp info debug trace warn logger log thread pid err severity'
  + ' component traceback recent call last stack goroutine main line file module in at most caused exception usr lib bin'
  + ' site packages').split(' '))
const few = new Set('a an and are as at be by can do for from how i if in is it my not of on or our so that the this to was we what when where which why with you'.split(' '))
const telltale = /\b[A-Z]\w*(?:Error|Exception)\b|\b(?:ERROR|FATAL|PANIC|WARN|WARNING|CRITICAL)\b|\b(?:error|fatal|panic|failed)\s?:|\d{4}-\d\d-\d\d[T ]|\w+="/
const mostTyped = 8
const mostPasted = 40

// The words of a question in order, each once, and whether it was pasted: then not all of them need be found.
export function asked(text) {
  const plain = words(text)
  const isPasted = plain.length > mostTyped || (plain.length >= 4 && telltale.test(text))
  if (!isPasted) {
    const telling = plain.filter((word) => !few.has(word))
    return { isPasted, words: [...new Set(telling.length ? telling : plain)] }
  }
  const kept = words(text.slice(0, 20_000).replace(volatile, ' '))
    .filter((word) => !noise.has(word) && !few.has(word) && word.length > 1 && !/^\d{5,}$/.test(word))
  return { isPasted, words: [...new Set(kept.length ? kept : plain)].slice(0, mostPasted) }
}
