// `#L12` leads to the block that line 12 stands in, also where that block begins on a line before.

function go() {
  const line = Number(location.hash.match(/^#L(\d+)$/)?.[1])
  if (!line || document.getElementById(`L${line}`)) return
  const begun = [...document.querySelectorAll('[data-line]')].filter(({ dataset }) => Number(dataset.line) <= line)
  begun.at(-1)?.scrollIntoView()
}

addEventListener('hashchange', go)
go()
