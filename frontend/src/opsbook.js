// What every page runs. Reading works without any of it.

import './live.js'
import './requests.js'
import './palette.js'
import './keyboard.js'
import './copying.js'
import './scheme_button.js'
import './moments.js'
import './contents.js'
import './diagrams.js'
import './places.js'
import './saved.js'
import './sending.js'
