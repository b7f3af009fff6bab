// The pen of the whiteboard: a stroke is seen on this screen at once, then told to the view, which shows it to all.
(() => {
  const STEP = 3; // units of the board between two points
  const MAX_POINTS = 800; // a longer stroke is told in parts
  const ARRIVAL_FRAMES = 120;

  const Pen = {
    mounted() {
      this.stroke = null;
      this.ending = new AbortController();
      const on = (target, type, listener) => target.addEventListener(type, listener, { signal: this.ending.signal });
      on(this.el, "pointerdown", (event) => this.start(event));
      on(this.el, "pointermove", (event) => this.draw(event));
      on(this.el, "pointerup", (event) => this.stroke?.pointer === event.pointerId && this.finish());
      on(this.el, "pointercancel", (event) => this.stroke?.pointer === event.pointerId && this.cancel());
      on(window, "keydown", (event) => this.key(event));
    },

    destroyed() {
      this.ending.abort();
    },

    disconnected() {
      this.cancel();
    },

    start(event) {
      if (this.stroke || event.button !== 0) return;
      event.preventDefault();
      document.activeElement?.blur();
      this.el.setPointerCapture(event.pointerId);
      this.begin(event.pointerId, [this.pointAt(event)]);
    },

    begin(pointer, points) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      const { color, width } = this.el.dataset;
      path.setAttribute("class", `stroke pen-${color} nib-${width}`);
      this.el.querySelector("[live-ignore]").append(path);
      this.stroke = { pointer, points, path };
      this.show();
    },

    draw(event) {
      if (this.stroke?.pointer !== event.pointerId) return;
      for (const sample of event.getCoalescedEvents?.() ?? [event]) this.add(this.pointAt(sample));
      this.show();
      if (this.stroke.points.length < MAX_POINTS) return;
      const { pointer, points } = this.stroke;
      void this.finish();
      this.begin(pointer, points.slice(-1));
    },

    add([x, y]) {
      const { points } = this.stroke;
      const [lastX, lastY] = points.at(-1);
      if (Math.hypot(x - lastX, y - lastY) >= STEP) points.push([x, y]);
    },

    show() {
      this.stroke.path.setAttribute("d", pathThrough(this.stroke.points));
    },

    async finish() {
      const { path } = this.stroke;
      this.stroke = null;
      try {
        await this.arrival(await this.pushEvent("addShape", { path: path.getAttribute("d") }));
      } catch {
        // It did not get there: it goes, and the page says that it is offline.
      }
      path.remove();
    },

    cancel() {
      this.stroke?.path.remove();
      this.stroke = null;
    },

    key(event) {
      if (event.target.closest?.("input, textarea")) return;
      if (event.key === "Escape") this.cancel();
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.pushEvent("undo");
    },

    /** The stroke as all see it takes the place of the one drawn here. */
    async arrival(id) {
      for (let frame = 0; frame < ARRIVAL_FRAMES && !document.getElementById(`stroke-${id}`); frame++) {
        await new Promise(requestAnimationFrame);
      }
    },

    pointAt(event) {
      return Convive.positionIn(this.el, event).map(Math.round);
    },
  };

  /** Curves from middle to middle of what was sampled. */
  function pathThrough(points) {
    const curves = points.slice(1, -1).map(([x, y], index) => {
      const [nextX, nextY] = points[index + 2];
      return `Q${x} ${y} ${(x + nextX) / 2} ${(y + nextY) / 2}`;
    });
    return `M${points[0].join(" ")}${curves.join("")}L${points.at(-1).join(" ")}`;
  }

  Convive.hooks = { ...Convive.hooks, Pen };
})();
