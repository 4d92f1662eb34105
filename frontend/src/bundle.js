// What a bundle runs: search, the clock of duty, how old it is. It reads without any of it.

document.documentElement.classList.add('scripted')

import './offline/palette.js'
import './keyboard.js'
import './copying.js'
import './scheme_button.js'
import './places.js'
import './offline/duty.js'
import './offline/age.js'
