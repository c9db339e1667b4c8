/** Events whose open routes are remembered. One that is forgotten goes out on all its routes again: duplicates, no loss. */
const MOST_REMEMBERED = 10_000;

/** Of events that go several ways and came through on some of them: the others, so that a retry does not repeat the rest. */
export class OpenRoutes<Route> {
  private readonly open = new Map<string, readonly Route[]>();

  /**
   * Sends an event on each of its routes that is open still.
   *
   * @throws what the first of those that fail fails with, when all have ended.
   */
  async each(eventId: string, routes: readonly Route[], send: (route: Route) => Promise<void>): Promise<void> {
    const [only] = routes;
    if (routes.length === 1 && only) return send(only);
    const open = this.open.get(eventId) ?? routes;
    const outcomes = await Promise.allSettled(open.map(send));
    this.open.delete(eventId);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return;
    this.remember(
      eventId,
      open.filter((_, index) => outcomes[index]?.status === 'rejected'),
    );
    throw failed.reason;
  }

  private remember(eventId: string, routes: readonly Route[]): void {
    this.open.set(eventId, routes);
    const [oldest] = this.open.keys();
    if (this.open.size > MOST_REMEMBERED && oldest !== undefined) this.open.delete(oldest);
  }
}
