/** The page went away before it was shown; nobody waits for an answer. */
export class PageGone extends Error {}

/** Two sockets came with one resume token: the view is the later one's. */
export class PageMoved extends Error {}
