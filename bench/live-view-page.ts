// Runs in the browser: the client of Phoenix LiveView, driven through a socket that is none.

interface Push {
  receive(status: string, callback: (reply: unknown) => void): Push;
}

interface LiveSocket {
  connect(): void;
  destroyAllViews(): void;
}

declare const LiveView: {
  readonly LiveSocket: new (url: string, socket: typeof Socket, options: object) => LiveSocket;
};

export interface LiveViewPage {
  readonly html: string;
  /** What the server of LiveView would answer to a join. */
  readonly rendered: object;
}

let page: LiveViewPage;
let tell: (diff: unknown) => void = () => {};

/** Answers every push at once. */
class Channel {
  join(): Push {
    return answer({ rendered: page.rendered, liveview_version: "1.2.12" });
  }
  on(event: string, callback: (payload: unknown) => void): void {
    if (event === "diff") tell = callback;
  }
  push(): Push {
    return answer({});
  }
  leave(): Push {
    return answer({});
  }
  onError(): void {}
  onClose(): void {}
  canPush(): boolean {
    return true;
  }
}

class Socket {
  connect(): void {}
  disconnect(): void {}
  onOpen(): void {}
  onClose(): void {}
  onError(): void {}
  off(): void {}
  isConnected(): boolean {
    return true;
  }
  channel(): Channel {
    return new Channel();
  }
}

function answer(reply: unknown): Push {
  const push: Push = {
    receive(status, callback) {
      if (status === "ok") callback(reply);
      return push;
    },
  };
  return push;
}

/** Milliseconds of each diff, and whether the last one shows. */
export function patchLiveView(
  given: LiveViewPage,
  diffs: readonly string[],
  shows: string,
): { ms: number[]; shows: boolean } {
  page = given;
  document.body.innerHTML = `<div data-phx-main id="phx-bench" data-phx-session="s" data-phx-static="s">${page.html}</div>`;
  const socket = new LiveView.LiveSocket("/live", Socket, { params: {} });
  socket.connect();
  const ms = diffs.map((diff) => {
    const startedAt = performance.now();
    tell(JSON.parse(diff));
    const taken = performance.now() - startedAt;
    void document.body.offsetHeight;
    return taken;
  });
  return { ms, shows: document.body.innerHTML.includes(shows) };
}
