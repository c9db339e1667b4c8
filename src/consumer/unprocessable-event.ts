/** Thrown by a handler for an event that no further attempt can help: it goes to the dead letters at once. */
export class UnprocessableEvent extends Error {
  override readonly name = 'UnprocessableEvent';
}
