// "Model", beside the grid: lets the trained model look at every photo, and shows how far it is.

import { byId, make, number, plural } from "./parts.js";

const ASK_EVERY = 700;

export class Model {
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
    this.#draw(api.set.model);
    if (api.set.model.running) this.#follow();
  }

  async #start() {
    try {
      this.#draw(await this.api.startModel());
      this.#follow();
    } catch (error) {
      this.#draw({ ...this.api.set.model, error: error.message });
    }
  }

  async #stop() {
    this.#draw(await this.api.stopModel());
  }

  async #follow() {
    let model = this.api.set.model;
    do {
      await new Promise((done) => setTimeout(done, ASK_EVERY));
      try {
        model = await this.api.model();
      } catch (error) {
        this.#draw({ ...model, running: false, error: error.message });
        return;
      }
      this.#draw(model);
    } while (model.running);
    this.api.set.model = model;
    this.changed();
  }

  #draw(model) {
    const all = this.api.set.photos;
    const parts = [make("h2", {}, "Model")];
    if (model.running) {
      const left = model.seconds_left === null ? "starting" : `${number(model.photos_per_second)} photos/s, ${time(model.seconds_left)} left`;
      parts.push(make("progress", { max: Math.max(1, model.total), value: model.done, "aria-label": "Photos looked at" }),
        make("p", { class: "small" }, `${number(model.done)} of ${plural(model.total, "photo")}: ${left}.`),
        make("button", { on: { click: () => this.#stop() } }, "Stop"));
    } else if (model.why_not) {
      parts.push(make("p", { class: "small" }, model.why_not), make("p", { class: "small soft" }, "Without it, photos cannot be sorted by how much a model disagrees with their labels."));
    } else if (model.complete) {
      parts.push(make("p", { class: "small" }, `The model has looked at all ${plural(all, "photo")}. Sort by “Model disagreement”: where it is largest, labels are likeliest wrong.`));
    } else {
      parts.push(make("p", { class: "small" }, model.known
        ? `The model has looked at ${number(model.known)} of ${plural(all, "photo")}.`
        : "Let the trained model look at every photo: where it disagrees most, labels are likeliest wrong. Computed once, kept in .segdata."),
      make("button", { id: "compute", on: { click: () => this.#start() } }, model.known ? "Go on" : `Look at ${plural(all, "photo")}`));
    }
    if (model.scores && !model.complete) parts.push(make("p", { class: "small error", id: "scores" }, model.scores));
    if (model.error) parts.push(make("p", { class: "small error" }, model.error));
    byId("model").replaceChildren(...parts);
  }
}

function time(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
