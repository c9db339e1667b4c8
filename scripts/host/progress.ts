/** One line for each phase, with the time since the start. */
export class Progress {
  private readonly since = Date.now();

  constructor(private readonly out: NodeJS.WritableStream) {}

  say(text: string): void {
    const seconds = ((Date.now() - this.since) / 1000).toFixed(1);
    this.out.write(`[${seconds.padStart(5)} s] ${text}\n`);
  }
}
