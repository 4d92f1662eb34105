// On a narrow screen the places are a strip that scrolls: the one that is shown stands in sight.

const strip = document.querySelector('.places')
const here = strip?.querySelector('[aria-current]')
if (here && strip.scrollWidth > strip.clientWidth) {
  strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2
}
