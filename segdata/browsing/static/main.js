// Puts the page together: what the address says is what is shown, and every step changes the address.

import { Api, getJson } from "./api.js";
import { aside, exporting, help } from "./dialogs.js";
import { Facets, fillSorts, startsDescending } from "./facets.js";
import { Grid } from "./grid.js";
import { key } from "./keys.js";
import { fillLayers, updateLayers } from "./layers.js";
import { Model } from "./model.js";
import { byId, later, make, number, plural } from "./parts.js";
import { Selection } from "./selection.js";
import { fromAddress, isFiltered, question, toAddress } from "./state.js";
import { Viewer } from "./viewer.js";

class Page {
  constructor(set) {
    this.set = set;
    this.api = new Api(set);
    this.state = fromAddress(location.search);
    this.order = [];
    this.selection = new Selection(set, () => this.#selected());
    this.grid = new Grid(this.api, {
      open: (position) => this.open(position),
      toggle: (position, how) => this.select(position, how),
      isSelected: (one) => this.selection.has(one),
    });
    this.viewer = new Viewer(this.api, { changed: later(() => this.#addressed(false), 150) });
    this.facets = new Facets(set, (name, value, on) => {
      this.state[name] = on ? [...this.state[name], value] : this.state[name].filter((one) => one !== value);
      this.refresh();
    });
    this.model = new Model(this.api, () => this.refresh({ again: true }));
    this.#dress();
    this.#listen();
    this.refresh({ first: true });
  }

  #dress() {
    byId("name").textContent = this.set.name;
    byId("title").textContent = this.set.title;
    document.title = `${this.set.name} · segdata browse`;
    const width = Number(localStorage.getItem("segdata-thumb")) || 168;
    byId("thumb").value = width;
    this.grid.width = width;
    fillLayers(byId("layers"), (layer) => this.layer(layer));
    if (this.set.aside_total) {
      byId("aside-section").hidden = false;
      byId("aside-section").replaceChildren(make("button", { class: "text warning", on: { click: () => aside(this.set) } }, `${plural(this.set.aside_total, "thing")} set aside`));
    }
  }

  // Asks for the photos again and shows them. again: figures or predictions are new
  async refresh({ first = false, again = false } = {}) {
    this.facets.update(this.state);
    fillSorts(byId("sort"), this.set, this.state);
    byId("text").value = this.state.text;
    byId("direction").firstChild.textContent = this.state.descending ? "↓" : "↑";
    byId("direction").title = this.state.descending ? "The largest first" : "The smallest first";
    byId("reset").hidden = !isFiltered(this.state);
    this.#layers();
    if (!first) this.#addressed(false);
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      this.order = await this.api.order(question(this.state), this.asked.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.order = [];
      byId("empty").textContent = error.message;
    }
    const shown = this.order.length;
    byId("count").textContent = shown === this.set.photos ? plural(shown, "photo") : `${number(shown)} of ${plural(this.set.photos, "photo")}`;
    byId("empty").hidden = shown > 0;
    if (isFiltered(this.state) && !byId("empty").textContent) byId("empty").textContent = "No photo is like that.";
    if (!first && !again) this.grid.scroller.scrollTop = 0;
    this.grid.layer = this.state.layer;
    this.grid.weights = this.set.model.weights;
    if (!again) this.grid.focus = 0;
    this.grid.show(this.order, question(this.state));
    this.#selected();
    if (shown) byId("empty").textContent = "";
    if (this.state.photo) await this.#openNamed();
    document.body.dataset.ready = "1";
  }

  #layers() {
    updateLayers(byId("layers"), this.set, this.state);
  }

  layer(layer) {
    this.state.layer = layer;
    this.#layers();
    this.grid.redraw(layer);
    this.#addressed(false);
  }

  #addressed(isStep) {
    const address = toAddress(this.state);
    if (isStep) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  // The photo that the address names, also where the filters leave it out.
  async #openNamed() {
    try {
      const one = await this.api.number(this.state.photo);
      this.alone = one;
      this.position = this.order.indexOf(one);
      if (this.position >= 0) this.grid.moveTo(this.position);
      await this.#view(one);
    } catch (error) {
      this.state.photo = "";
      byId("empty").hidden = false;
      byId("empty").textContent = error.message;
    }
  }

  async open(position, isStep = true) {
    if (position < 0 || position >= this.order.length) return;
    const wasOpen = this.viewer.isOpen;
    this.position = position;
    const one = this.order[position];
    await this.#view(one);
    if (this.viewer.number !== one || !this.viewer.known) return;
    this.state.photo = this.viewer.known.id;
    this.#addressed(isStep && !wasOpen);
    this.grid.moveTo(position);
  }

  async #view(one) {
    const near = [this.position + 1, this.position - 1].filter((at) => at >= 0 && at < this.order.length);
    byId("previous").disabled = this.position <= 0;
    byId("next").disabled = this.position + 1 >= this.order.length;
    document.body.classList.add("viewing");
    await this.viewer.show(one, this.state, this.position >= 0 ? near.map((at) => this.order[at]) : []);
    this.#selected();
    if (!byId("viewer").contains(document.activeElement)) byId("stage").focus({ preventScroll: true });
  }

  close(isStep = true) {
    if (!this.viewer.isOpen) return;
    this.viewer.close();
    document.body.classList.remove("viewing");
    this.state.photo = "";
    this.state.zoom = "";
    if (isStep) this.#addressed(false);
    if (this.position >= 0) this.grid.moveTo(this.position);
    this.grid.scroller.focus({ preventScroll: true });
  }

  step(by) {
    if (this.position >= 0) this.open(this.position + by);
  }

  // how: "one" turns it over; "range" brings all since the last one to the state of that one
  select(position, how = "one") {
    if (how === "range" && this.anchor !== undefined) {
      const [from, to] = [Math.min(this.anchor, position), Math.max(this.anchor, position)];
      this.selection.put(this.order.slice(from, to + 1), this.selection.has(this.order[this.anchor]));
    } else {
      this.anchor = position;
      this.selection.toggle(this.order[position]);
    }
  }

  #selected() {
    const count = this.selection.size;
    byId("selected").textContent = count ? `${number(count)} selected` : "";
    byId("export").disabled = !count;
    byId("clear").hidden = !count;
    byId("select-all").hidden = !this.order.length || (this.order.length === this.set.photos && !count);
    this.grid?.marks();
    if (this.viewer?.isOpen) {
      const on = this.selection.has(this.viewer.number);
      byId("select-one").setAttribute("aria-pressed", on);
      byId("select-one").textContent = on ? "Selected" : "Select";
    }
  }

  #listen() {
    byId("text").addEventListener("input", later(() => { this.state.text = byId("text").value.trim(); this.refresh(); }, 180));
    byId("sort").addEventListener("change", () => {
      this.state.sort = byId("sort").value;
      this.state.descending = startsDescending(this.state.sort);
      this.refresh();
    });
    byId("direction").addEventListener("click", () => { this.state.descending = !this.state.descending; this.refresh(); });
    byId("thumb").addEventListener("input", () => {
      localStorage.setItem("segdata-thumb", byId("thumb").value);
      this.grid.resize(Number(byId("thumb").value));
    });
    byId("reset").addEventListener("click", () => {
      Object.assign(this.state, { split: [], class: [], finding: [], size: [], text: "" });
      this.refresh();
    });
    byId("clear").addEventListener("click", () => this.selection.clear());
    byId("select-all").addEventListener("click", () => this.selection.put(this.order));
    byId("export").addEventListener("click", () => this.export());
    byId("help-button").addEventListener("click", help);
    byId("show-filters").addEventListener("click", () => {
      const isShown = document.body.classList.toggle("filtering");
      byId("show-filters").setAttribute("aria-expanded", isShown);
    });
    byId("scroller").addEventListener("click", (event) => {
      if (!document.body.classList.contains("filtering")) return;
      event.stopImmediatePropagation(); // a click beside the open filters closes them, and does nothing else
      this.closeFilters();
    }, { capture: true });
    byId("close").addEventListener("click", () => this.close());
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
    byId("select-one").addEventListener("click", () => this.selectViewed());
    addEventListener("keydown", (event) => key(this, event));
    addEventListener("popstate", () => {
      this.state = fromAddress(location.search);
      if (!this.state.photo) this.close(false);
      this.refresh({ first: true });
    });
  }

  closeFilters() {
    document.body.classList.remove("filtering");
    byId("show-filters").setAttribute("aria-expanded", false);
  }

  async export() {
    // In the order of the grid; what the filters leave out comes after.
    const shown = this.order.filter((one) => this.selection.has(one));
    const inSight = new Set(shown);
    const rest = [...this.selection.numbers].filter((one) => !inSight.has(one)).sort((one, other) => one - other);
    try {
      await exporting(this.api, [...shown, ...rest]);
    } catch (error) {
      byId("selected").textContent = error.message;
    }
  }

  selectViewed() {
    if (this.position >= 0) this.anchor = this.position;
    this.selection.toggle(this.viewer.number);
  }
}

try {
  new Page(await getJson("/api/set"));
} catch (error) {
  byId("empty").hidden = false;
  byId("empty").textContent = error.message;
}
