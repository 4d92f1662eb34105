// The contents beside a page: marks the section that is in sight.

import { whenShown } from './shown.js'

let links = []
let heads = []
let isAsked = false

function mark() {
  isAsked = false
  const line = (document.querySelector('.top')?.offsetHeight ?? 0) + 40
  let now = -1
  heads.forEach((head, number) => {
    if (head && head.getBoundingClientRect().top <= line) now = number
  })
  links.forEach((link, number) => {
    if (number === now) link.setAttribute('aria-current', 'location')
    else link.removeAttribute('aria-current')
  })
  links[now]?.scrollIntoView?.({ block: 'nearest' })
}

function soon() {
  if (isAsked) return
  isAsked = true
  requestAnimationFrame(mark)
}

addEventListener('scroll', soon, { passive: true })
whenShown(() => {
  links = [...document.querySelectorAll('.contents a[href^="#"]')]
  heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))))
  soon()
})
