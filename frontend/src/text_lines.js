// Lines of a text field: where the caret is, and how to bring a line into sight although long lines wrap.

export function position(field) {
  const before = field.value.slice(0, field.selectionStart)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: [...before.slice(start)].length + 1 }
}

export function jump(field, line) {
  const lines = field.value.split('\n')
  const number = Math.min(Math.max(line, 1), lines.length)
  const start = lines.slice(0, number - 1).reduce((sum, each) => sum + each.length + 1, 0)
  field.focus()
  field.setSelectionRange(start, start + lines[number - 1].length)
  field.scrollTop = Math.max(0, heightOf(field, field.value.slice(0, start)) - field.clientHeight / 3)
  field.scrollIntoView({ block: 'nearest' })
}

// A copy of the field with the text before the line tells how tall that text is.
function heightOf(field, text) {
  const copy = field.cloneNode()
  copy.removeAttribute('id')
  copy.removeAttribute('name')
  copy.className = 'unseen'
  copy.ariaHidden = 'true'
  copy.tabIndex = -1
  copy.value = text
  field.parentElement.append(copy)
  Object.assign(copy.style, { width: `${field.offsetWidth}px`, height: '0', minHeight: '0', whiteSpace: 'pre-wrap' })
  const height = copy.scrollHeight
  copy.remove()
  return height
}
