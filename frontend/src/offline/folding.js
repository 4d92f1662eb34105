// How text becomes the words that are looked for; the same as the index was made with.

const humped = /[a-z][A-Z]|[A-Z]{2}[a-z]{2}/
const endings = [
  ['ations', 4], ['ation', 4], ['ments', 4], ['ment', 4], ['ures', 4], ['ings', 4], ['ions', 4], ['ure', 4], ['ing', 3],
  ['ion', 4], ['ies', 4], ['ied', 4], ['ers', 4], ['er', 4], ['ed', 3], ['es', 4], ['ly', 4], ['s', 3], ['y', 4], ['e', 4],
]
const unspaced = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]/gu

// Lower case without diacritics, letter by letter: one that comes apart into others, such as Hangul, stays whole.
const letters = new Map()
function letter(char) {
  if (!letters.has(char)) {
    const [first, ...rest] = char.normalize('NFKD')
    const bare = rest.every((mark) => /\p{M}/u.test(mark)) ? first : char
    const lower = bare.toLowerCase()
    letters.set(char, [...lower].length === 1 ? lower : bare)
  }
  return letters.get(char)
}

export const fold = (text) => (/^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : Array.from(text.normalize('NFC'), letter).join(''))

// Chinese, Japanese and Korean write without spaces: each character is a word.
export function words(text) {
  const folded = fold(text)
  return folded.replace(unspaced, ' $& ').match(/[\p{L}\p{N}]+/gu) ?? []
}

// The words of a name, and after them the parts of its CamelCase words, alone and two by two.
export function nameWords(text) {
  const found = words(text)
  for (const word of text.match(/[A-Za-z0-9]+/g) ?? []) {
    if (!humped.test(word) || word.length > 64) continue
    const parts = (word.match(/[A-Z]+[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+[a-z]*/g) ?? []).map((part) => part.toLowerCase())
    if (parts.length < 2) continue
    found.push(...parts)
    if (parts.length > 2) for (let at = 1; at < parts.length; at++) found.push(parts[at - 1] + parts[at])
  }
  for (const chunk of text.split(/\s+/)) {
    const pieces = words(chunk)
    if (pieces.length > 1 && pieces.length < 12) found.push(pieces.join(''))
  }
  return found
}

// What is left of an English word without its ending, so that restarts, restarted and restarting are one.
export function stem(word) {
  if (!/^[a-z]+$/.test(word) || word.endsWith('ss')) return word
  for (const [ending, least] of endings) {
    if (!word.endsWith(ending) || word.length - ending.length < least) continue
    const left = word.slice(0, -ending.length)
    return /(nn|pp|tt|gg|mm|bb)$/.test(left) ? left.slice(0, -1) : left
  }
  return word
}
