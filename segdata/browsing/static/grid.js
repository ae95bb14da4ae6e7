// The grid of thumbnails: only what is in sight, and a little around it, is in the page, so that a million photos
// scroll as a hundred do. Positions are numbers; `order` says which photo stands at each.

import { caption } from "./caption.js";
import { byId, make } from "./parts.js";

const GAP = 10;
const CAPTION = 24;
const AROUND = 2; // rows kept above and below
const PAGE = 100;
const FAST = 3; // pixels per millisecond: nobody sees a picture that flies by, so it is not asked for

export class Grid {
  constructor(api, { open, toggle, isSelected }) {
    this.api = api;
    this.act = { open, toggle, isSelected };
    this.scroller = byId("scroller");
    this.spacer = byId("spacer");
    this.cells = new Map(); // position → cell
    this.order = [];
    this.focus = 0;
    this.layer = "truth";
    this.weights = "";
    this.width = 160;
    this.scroller.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.scroller);
    this.scroller.addEventListener("click", (event) => this.#clicked(event));
  }

  show(order, question) {
    this.order = order;
    this.question = question;
    this.pages = new Map();
    this.focus = Math.min(this.focus, Math.max(0, order.length - 1));
    this.#emptied();
    this.#measure();
    this.#render();
  }

  // Shows another layer of the same photos.
  redraw(layer) {
    this.layer = layer;
    for (const [position, cell] of this.cells) this.#picture(cell, position);
  }

  resize(width) {
    const first = this.columns ? Math.floor(this.scroller.scrollTop / this.rowHeight) * this.columns : 0;
    this.width = width;
    this.#measure();
    this.#emptied();
    this.scroller.scrollTop = Math.floor(first / this.columns) * this.rowHeight;
    this.#render();
  }

  #resized() {
    const columns = this.columns;
    this.#measure();
    if (columns !== this.columns) {
      this.#emptied();
      if (columns) this.reveal(this.focus);
    }
    this.#render();
  }

  #measure() {
    const room = this.scroller.clientWidth - GAP;
    this.columns = Math.max(1, Math.floor(room / (this.width + GAP)));
    this.cellWidth = Math.floor(room / this.columns) - GAP;
    this.pictureHeight = Math.round((this.cellWidth * this.api.set.height) / this.api.set.width);
    this.rowHeight = this.pictureHeight + CAPTION + GAP;
    this.rows = Math.ceil(this.order.length / this.columns);
    this.spacer.style.height = `${this.rows * this.rowHeight + GAP}px`;
  }

  #emptied() {
    for (const cell of this.cells.values()) this.#gone(cell);
    this.cells.clear();
  }

  #gone(cell) {
    cell.firstChild.removeAttribute("src"); // what it still waits for is not asked for any more
    cell.remove();
  }

  #soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.#render();
    });
  }

  #render() {
    const top = this.scroller.scrollTop;
    const height = this.scroller.clientHeight;
    const now = performance.now();
    const speed = Math.abs(top - (this.lastTop ?? top)) / Math.max(1, now - (this.lastTime ?? 0));
    this.lastTop = top;
    this.lastTime = now;
    const first = Math.max(0, Math.floor(top / this.rowHeight) - AROUND) * this.columns;
    const last = Math.min(this.order.length, (Math.ceil((top + height) / this.rowHeight) + AROUND) * this.columns);
    for (const [position, cell] of this.cells) {
      if (position < first || position >= last) {
        this.#gone(cell);
        this.cells.delete(position);
      }
    }
    const added = document.createDocumentFragment();
    for (let position = first; position < last; position++) {
      if (!this.cells.has(position)) added.append(this.#cell(position));
    }
    this.spacer.append(added);
    clearTimeout(this.settle);
    const fill = () => {
      for (const [position, cell] of this.cells) {
        if (!cell.dataset.layer) this.#picture(cell, position);
      }
      for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) this.#page(page);
    };
    if (speed > FAST) this.settle = setTimeout(fill, 80);
    else fill();
  }

  #cell(position) {
    const cell = make(
      "div",
      { class: "cell", role: "option", id: `cell-${position}`, "aria-setsize": this.order.length, "aria-posinset": position + 1 },
      make("img", { alt: "", draggable: "false", decoding: "async" }),
      make("span", { class: "mark", "aria-hidden": "true" }, "✓"),
      make("span", { class: "caption" }),
    );
    const row = Math.floor(position / this.columns);
    cell.style.transform = `translate(${GAP + (position % this.columns) * (this.cellWidth + GAP)}px, ${GAP + row * this.rowHeight}px)`;
    cell.style.width = `${this.cellWidth}px`;
    cell.style.height = `${this.pictureHeight + CAPTION}px`;
    cell.dataset.position = position;
    this.cells.set(position, cell);
    this.#marked(cell, position);
    this.#details(position);
    return cell;
  }

  #picture(cell, position) {
    const image = cell.firstChild;
    cell.dataset.layer = this.layer;
    cell.classList.remove("without");
    image.style.height = `${this.pictureHeight}px`;
    const known = this.#known(position);
    const needsModel = this.layer === "prediction" || this.layer === "difference";
    if (needsModel && (!known || known.wrong === null)) {
      // A photo without a prediction shows its truth, paler.
      cell.classList.toggle("without", Boolean(known));
      image.src = this.api.thumbnail(this.order[position], "truth", "");
    } else {
      image.src = this.api.thumbnail(this.order[position], this.layer, this.weights);
    }
  }

  #known(position) {
    const page = this.pages?.get(Math.floor(position / PAGE));
    return Array.isArray(page) ? page[position % PAGE] : null;
  }

  async #page(page) {
    if (this.pages.has(page)) return;
    const pages = this.pages;
    pages.set(page, "asked");
    try {
      const { photos } = await this.api.page(this.question, page * PAGE, PAGE);
      pages.set(page, photos);
    } catch {
      pages.delete(page);
      return;
    }
    if (pages !== this.pages) return;
    const needsModel = this.layer === "prediction" || this.layer === "difference";
    for (const [position, cell] of this.cells) {
      if (Math.floor(position / PAGE) !== page) continue;
      this.#details(position);
      if (needsModel && cell.dataset.layer) this.#picture(cell, position);
    }
  }

  #details(position) {
    const cell = this.cells.get(position);
    const known = this.#known(position);
    if (!cell || !known) return;
    cell.lastChild.replaceChildren(...caption(known, new URLSearchParams(this.question).get("sort")));
    cell.firstChild.alt = known.id;
    cell.title = known.id;
  }

  #marked(cell, position) {
    const selected = this.act.isSelected(this.order[position]);
    cell.classList.toggle("selected", selected);
    cell.setAttribute("aria-selected", selected);
    cell.classList.toggle("focused", position === this.focus);
  }

  marks() {
    for (const [position, cell] of this.cells) this.#marked(cell, position);
    if (this.order.length) this.scroller.setAttribute("aria-activedescendant", `cell-${this.focus}`);
  }

  #cellOf(event) {
    const cell = event.target.closest?.(".cell");
    return cell ? Number(cell.dataset.position) : -1;
  }

  #clicked(event) {
    const position = this.#cellOf(event);
    if (position < 0) return;
    const isMark = Boolean(event.target.closest(".mark"));
    if (event.shiftKey) this.act.toggle(position, "range");
    else if (isMark || event.ctrlKey || event.metaKey) this.act.toggle(position, "one");
    else {
      this.moveTo(position);
      this.act.open(position);
      return;
    }
    this.moveTo(position);
  }

  moveTo(position) {
    if (!this.order.length) return;
    this.focus = Math.max(0, Math.min(this.order.length - 1, position));
    this.reveal(this.focus);
    this.marks();
  }

  reveal(position) {
    const top = GAP + Math.floor(position / this.columns) * this.rowHeight;
    const { scrollTop, clientHeight } = this.scroller;
    if (top - GAP < scrollTop) this.scroller.scrollTop = top - GAP;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.scroller.scrollTop = top + this.rowHeight - clientHeight;
    this.#render();
  }

  get rowsInSight() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight));
  }
}
