import { PageHost } from "./page-host.js";

const stopNothing = (): void => {};

/** Carries a view through one HTTP render, which leaves no trace: no timer, no subscription, no presence, nobody to push to. */
export class StaticHost extends PageHost {
  readonly connected = false;
  readonly connectionId = "";

  enqueue(): void {}
  changed(): void {}
  push(): void {}
  send(): void {}
  patchUrl(): void {}

  flush(): Promise<void> {
    return Promise.resolve();
  }
  every(): () => void {
    return stopNothing;
  }
  after(): () => void {
    return stopNothing;
  }
  subscribe(): () => void {
    return stopNothing;
  }
}
