import { each } from "../contender.js";
import { view, type Sender } from "../contenders/events.js";
import type { Line, LineListener } from "../line.js";

const VIEWS = 100;
/** Under way at once. */
const MOST = 400;

/** Events of many views, as many as there is room for. */
export class Presses implements LineListener {
  sent = 0;
  /** answers, of which each event has several */
  heardFrames = 0;

  private constructor(private readonly senders: readonly Sender[]) {
    for (const { line } of senders) line.listener = this;
  }

  static async open(port: number): Promise<Presses> {
    return new Presses(await each(VIEWS, (at) => view.open(port, `presser-${at}`)));
  }

  get owedFrames(): number {
    return this.sent * view.answers;
  }

  /** Returns for how many there was room. */
  press(count: number): number {
    const most = Math.min(count, Math.floor(MOST - (this.owedFrames - this.heardFrames) / view.answers));
    for (let pressed = 0; pressed < most; pressed += 1) {
      const { line, event } = this.senders[this.sent % this.senders.length]!;
      this.sent += 1;
      line.write(event);
    }
    return most;
  }

  heard(_line: Line): void {
    this.heardFrames += 1;
  }
}
