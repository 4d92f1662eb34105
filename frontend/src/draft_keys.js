// Under which names drafts lie in this browser's storage.
export const draftKey = (path) => `opsbook.draft:${path}`
export const submittedKey = 'opsbook.submitted' // the page that this tab sent last
