// Zoom and pan of the stage: every pane moves alike, so that a sample and its raw photo stay side by side.
// The place is kept in shares of the picture, whatever the size of the window: "zoom,x,y" in the address.

const MOST = 64;

export class Zoom {
  // shown(byHand) is called after each change
  constructor(stage, shown) {
    this.stage = stage;
    this.shown = shown;
    this.aspect = 1;
    this.pointers = new Map();
    this.reset();
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => this.#up(event));
    stage.addEventListener("dblclick", (event) => this.by(this.level > 1 ? 1 / this.level : 4, event));
    new ResizeObserver(() => this.apply()).observe(stage);
  }

  reset() {
    this.level = 1;
    this.x = 0.5;
    this.y = 0.5; // the point of the picture in the middle of its pane
  }

  get text() {
    return this.level === 1 ? "" : [this.level.toFixed(2), this.x.toFixed(4), this.y.toFixed(4)].join(",");
  }

  set text(text) {
    const [level, x, y] = text.split(",").map(Number);
    this.reset();
    if ([level, x, y].every(Number.isFinite)) [this.level, this.x, this.y] = [Math.max(1, Math.min(MOST, level)), x, y];
    this.#bounded();
  }

  get panes() {
    return [...this.stage.querySelectorAll(".pane:not([hidden])")];
  }

  // The size of a whole picture in its pane, in CSS pixels, before zoom.
  fitted(pane) {
    const box = pane.getBoundingClientRect();
    const height = Math.min(box.height, box.width / this.aspect);
    return { box, width: height * this.aspect, height };
  }

  // byHand: somebody moved it, so that it belongs into the address
  apply(byHand = false) {
    for (const pane of this.panes) {
      const { box, width, height } = this.fitted(pane);
      const moved = pane.querySelector(".moved");
      moved.style.width = `${width}px`;
      moved.style.height = `${height}px`;
      const left = box.width / 2 - this.x * width * this.level;
      const top = box.height / 2 - this.y * height * this.level;
      moved.style.transform = `translate(${left}px, ${top}px) scale(${this.level})`;
      moved.classList.toggle("sharp", width * this.level > 2 * (moved.querySelector("canvas")?.width ?? Infinity));
    }
    this.shown(byHand);
  }

  // Zooms about the place of a pointer, or the middle.
  by(factor, event) {
    const before = this.level;
    const after = Math.max(1, Math.min(MOST, before * factor));
    const at = event ? this.at(event) : null;
    if (at && after !== before) {
      // The point under the pointer stays there.
      this.x = at.x + (this.x - at.x) * (before / after);
      this.y = at.y + (this.y - at.y) * (before / after);
    }
    this.level = after < 1.02 ? 1 : after;
    this.#bounded();
    this.apply(true);
  }

  fit() {
    this.reset();
    this.apply(true);
  }

  // Moves the picture by shares of the pane.
  pan(across, down) {
    this.x += across / this.level;
    this.y += down / this.level;
    this.#bounded();
    this.apply(true);
  }

  #bounded() {
    const room = 0.5 / this.level;
    this.x = Math.max(room, Math.min(1 - room, this.x));
    this.y = Math.max(room, Math.min(1 - room, this.y));
  }

  // Where on the picture a pointer is, in shares of it; null outside.
  at(event) {
    const pane = event.target.closest?.(".pane") ?? this.panes[0];
    const { box, width, height } = this.fitted(pane);
    const x = this.x + (event.clientX - box.left - box.width / 2) / (width * this.level);
    const y = this.y + (event.clientY - box.top - box.height / 2) / (height * this.level);
    return x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null;
  }

  #wheel(event) {
    event.preventDefault();
    this.by(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 160), event);
  }

  #down(event) {
    if (event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #move(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length === 1) {
      const apart = (one) => Math.hypot(one.x - others[0].x, one.y - others[0].y);
      this.by(apart({ x: event.clientX, y: event.clientY }) / Math.max(1, apart(last)));
    } else {
      const { width, height } = this.fitted(this.panes[0]);
      this.x -= (event.clientX - last.x) / (width * this.level);
      this.y -= (event.clientY - last.y) / (height * this.level);
      this.#bounded();
      this.apply(true);
    }
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #up(event) {
    this.pointers.delete(event.pointerId);
  }
}
