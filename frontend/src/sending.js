// Forms that send themselves: the link that signs in once leads to one, so that a preview of the link does not use it up.
document.querySelector('form[data-submit]')?.requestSubmit()
