// What every page of an exported site runs: what the served pages run, as far as it needs no server.

import './offline/palette.js'
import './keyboard.js'
import './copying.js'
import './scheme_button.js'
import './moments.js'
import './contents.js'
import './diagrams.js'
import './places.js'
import './offline/duty.js'
import './offline/lines.js'
