// A finger that is down on something: what is under it must not be put elsewhere before it is lifted, or the press is
// lost. A press that never ends (the pointer left the window) holds nothing up for longer than a breath.

const longest_ms = 1500
let lift
let pressed = Promise.resolve()

addEventListener('pointerdown', begin, true)
for (const end of ['pointerup', 'pointercancel', 'blur']) addEventListener(end, () => setTimeout(() => lift?.()), true)

function begin() {
  lift?.()
  pressed = new Promise((resolve) => {
    lift = resolve
    setTimeout(resolve, longest_ms)
  })
}

// Resolves at once, or when what is pressed has been let go and its click has been told.
export const lifted = () => pressed
