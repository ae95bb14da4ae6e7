// One photo large: its layers, its classes, what was found, and the raw photo beside it.

import { IGNORE, paint, parseColor, shares } from "./paint.js";
import { byId, make, percent, plural, swatch, times } from "./parts.js";
import { Zoom } from "./zoom.js";

const SENTENCE = { photo: "Photo", truth: "Truth", prediction: "Prediction", difference: "Difference" };

export class Viewer {
  // act: {changed()} is told when something that stands in the address changed
  constructor(api, act) {
    this.api = api;
    this.act = act;
    this.classes = api.set.classes;
    this.colors = this.classes.map((one) => parseColor(one.color));
    this.element = byId("viewer");
    this.opacity = 0.55;
    this.zoom = new Zoom(byId("stage"), (byHand) => this.#zoomed(byHand));
    byId("opacity").value = this.opacity * 100;
    byId("opacity").addEventListener("input", (event) => {
      this.opacity = event.target.value / 100;
      this.#paint();
    });
    byId("stage").addEventListener("pointermove", (event) => this.#readOut(event));
    byId("stage").addEventListener("pointerleave", () => (byId("under").textContent = ""));
    for (const button of byId("views").children) button.addEventListener("click", () => this.toggle(button.dataset.view));
    byId("full").addEventListener("click", () => this.toggleFull());
    byId("zoom-in").addEventListener("click", () => this.zoom.by(1.5));
    byId("zoom-out").addEventListener("click", () => this.zoom.by(1 / 1.5));
    byId("zoom-fit").addEventListener("click", () => this.zoom.fit());
    this.#legend();
  }

  get isOpen() {
    return !this.element.hidden;
  }

  // Shows a photo with the state of the address. The old one stays in sight until the new one is there.
  async show(number, state, neighbours = []) {
    this.state = state;
    this.element.hidden = false;
    this.number = number;
    this.hidden = new Set(state.hide.map((name) => (name === "not labelled" ? IGNORE : this.classes.findIndex((one) => one.name === name))));
    const picture = new Image();
    picture.src = this.api.photoAddress(number);
    try {
      const [known, truth] = await Promise.all([this.api.photo(number), this.api.truth(number), picture.decode()]);
      const prediction = known.has_prediction ? await this.api.prediction(number) : null;
      if (this.number !== number) return; // the next one was asked for meanwhile
      this.known = known;
      this.truth = truth;
      this.predicted = prediction;
      byId("notice").textContent = "";
    } catch (error) {
      if (this.number === number) byId("notice").textContent = error.message;
      return;
    }
    byId("stage").classList.add("loaded");
    const photo = byId("photo");
    photo.src = picture.src;
    photo.alt = this.known.id;
    const [height, width] = this.known.size.split("x").map(Number);
    this.zoom.aspect = width / height;
    this.#told();
    this.update(state);
    for (const one of neighbours) {
      new Image().src = this.api.photoAddress(one);
      this.api.truth(one).catch(() => {});
    }
  }

  // Takes over layers, hidden classes and zoom from the state.
  update(state) {
    this.state = state;
    if (!this.known) return; // still on its way: show() comes back here
    const canCompare = this.predicted !== null;
    for (const button of byId("views").children) {
      const view = button.dataset.view;
      const isOn = view === "photo" ? !state.bare : state.view === view;
      button.setAttribute("aria-pressed", isOn);
      const needsModel = view === "prediction" || view === "difference";
      button.disabled = needsModel && !canCompare;
      button.title = button.disabled ? "No prediction of this photo yet: see “Model” beside the grid" : `${SENTENCE[view]} (${view[0] === "p" && view !== "photo" ? "r" : view[0]})`;
    }
    byId("full").setAttribute("aria-pressed", state.full);
    byId("full").disabled = !this.known.photo;
    byId("full").title = this.known.photo ? "The raw photo beside it (f)" : "The raw photo is not here: dvc pull brings it";
    const isFull = state.full && Boolean(this.known.photo);
    byId("full-pane").hidden = !isFull;
    byId("stage").classList.toggle("two", isFull);
    const original = byId("original");
    if (isFull && original.dataset.number !== String(this.number)) {
      original.dataset.number = this.number;
      original.src = this.api.originalAddress(this.number);
      original.alt = `raw photo ${this.known.id}`;
    }
    this.zoom.text = state.zoom;
    this.zoom.apply();
    this.#paint();
  }

  close() {
    this.number = null;
    this.element.hidden = true;
  }

  toggle(view) {
    if (view === "photo") this.state.bare = !this.state.bare;
    else {
      const needsModel = view === "prediction" || view === "difference";
      if (needsModel && this.known && this.predicted === null) return;
      this.state.view = this.state.view === view ? "none" : view;
    }
    this.update(this.state);
    this.act.changed();
  }

  toggleFull() {
    if (this.known && !this.known.photo) return;
    this.state.full = !this.state.full;
    this.update(this.state);
    this.act.changed();
  }

  // Hides or shows a class by its id; alone: shows nothing else, or everything again.
  toggleClass(id, alone = false) {
    const all = [...this.classes.keys(), IGNORE];
    if (alone) {
      const isAlone = all.every((one) => this.hidden.has(one) === (one !== id));
      this.hidden = new Set(isAlone ? [] : all.filter((one) => one !== id));
    } else if (!this.hidden.delete(id)) this.hidden.add(id);
    this.state.hide = [...this.hidden].map((one) => (one === IGNORE ? "not labelled" : this.classes[one].name));
    this.#paint();
    this.act.changed();
  }

  #paint() {
    if (!this.truth) return;
    const view = this.predicted === null && this.state.view !== "none" ? "truth" : this.state.view;
    const stage = byId("stage");
    stage.classList.toggle("bare", this.state.bare);
    stage.classList.toggle("grey", view === "difference");
    paint(byId("overlay"), this.api.set.width, this.api.set.height, {
      truth: this.truth,
      prediction: this.predicted,
      view,
      hidden: this.hidden,
      colors: this.colors,
      opacity: this.state.bare ? 1 : this.opacity,
    });
    byId("sample-caption").textContent = `${this.api.set.height} × ${this.api.set.width} (height × width), as the model sees it`;
    for (const row of byId("legend").tBodies[0].rows) {
      row.querySelector("button").setAttribute("aria-pressed", !this.hidden.has(Number(row.dataset.id)));
    }
  }

  #zoomed(byHand) {
    byId("zoom-level").textContent = this.zoom.level === 1 ? "fit" : `${this.zoom.level.toFixed(1)}×`;
    if (byHand && this.state) {
      this.state.zoom = this.zoom.text;
      this.act.changed();
    }
  }

  #legend() {
    const rows = [...this.classes, { name: "not labelled" }].map((one, index) => {
      const id = one.color ? index : IGNORE;
      const button = make("button", { class: "class", "aria-pressed": "true", title: id < 9 ? `Hide or show (${id + 1})` : "Hide or show" },
        one.color ? swatch(one.color) : make("span", { class: "swatch hatch", "aria-hidden": "true" }), make("span", {}, one.name));
      button.addEventListener("click", (event) => event.detail < 2 && this.toggleClass(id));
      button.addEventListener("dblclick", () => { this.toggleClass(id); this.toggleClass(id, true); });
      return make("tr", { "data-id": id }, make("th", { scope: "row" }, button), make("td"), make("td"));
    });
    byId("legend").tBodies[0].replaceChildren(...rows);
  }

  // Words and numbers of the photo.
  #told() {
    const known = this.known;
    byId("photo-id").textContent = known.id;
    const turned = known.turned > 1 ? `, turned (EXIF ${known.turned})` : "";
    byId("photo-facts").textContent = `${known.split} · ${times(known.size)} (height × width)${turned}`;
    const predicted = this.predicted === null ? null : shares(this.predicted);
    byId("legend").classList.toggle("compared", predicted !== null);
    for (const row of byId("legend").tBodies[0].rows) {
      const id = Number(row.dataset.id);
      const truth = id === IGNORE ? known.unlabelled : known.shares[id];
      row.classList.toggle("absent", truth === 0 && !predicted?.[id]);
      row.cells[1].textContent = percent(truth);
      row.cells[2].textContent = predicted === null || id === IGNORE ? "" : percent(predicted[id]);
    }
    const figures = [];
    if (known.loss !== null) figures.push(["Disagreement (loss)", known.loss.toFixed(3)]);
    if (known.wrong !== null) figures.push(["Wrong pixels", percent(known.wrong)]);
    if (known.iou !== null) figures.push(["Mean IoU", known.iou.toFixed(3)]);
    byId("figures").replaceChildren(...(figures.length
      ? [make("h3", {}, "The model"), make("dl", {}, ...figures.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]))]
      : []));
    byId("findings").replaceChildren(
      ...(known.found.length ? [make("h3", {}, plural(known.found.length, "finding"))] : []),
      make("ul", { class: "found" }, ...known.found.map((one) => make("li", {},
        make("span", { class: one.severity }, one.severity), ` ${one.message}${one.place ? ` (${one.place})` : ""} `,
        make("span", { class: "soft" }, `[${one.code}: ${one.action}]`)))),
    );
    byId("file").textContent = known.photo || "The raw photo is not here.";
    byId("full-caption").textContent = `${times(known.size)} (height × width), the raw photo`;
  }

  #readOut(event) {
    const at = this.truth && this.zoom.at(event);
    const { width, height } = this.api.set;
    if (!at) {
      byId("under").textContent = "";
      return;
    }
    const [column, row] = [Math.floor(at.x * width), Math.floor(at.y * height)];
    const name = (id) => (id === IGNORE ? "not labelled" : this.classes[id]?.name);
    const place = row * width + column;
    const parts = [`row ${row}, column ${column}`, `truth: ${name(this.truth[place])}`];
    if (this.predicted) parts.push(`prediction: ${name(this.predicted[place])}`);
    byId("under").textContent = parts.join("  ·  ");
  }
}
