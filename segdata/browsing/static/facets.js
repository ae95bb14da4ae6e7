// The filters beside the grid: what there is, how many photos of it, and what is chosen.

import { byId, make, number, swatch, times } from "./parts.js";

const MANY = 12; // longer lists are folded

export class Facets {
  constructor(set, changed) {
    this.changed = changed;
    this.boxes = [];
    const classes = Object.fromEntries(set.classes.map((one) => [one.name, one.photos]));
    const colors = Object.fromEntries(set.classes.map((one) => [one.name, one.color]));
    const found = Object.keys(set.findings).length ? { any: null, none: null, ...set.findings } : {};
    byId("facets").replaceChildren(...[
      this.#facet("Split", "split", set.splits),
      this.#facet("Contains class", "class", classes, { colors }),
      this.#facet("Finding", "finding", found, { names: { any: "any finding", none: "nothing found" } }),
      this.#facet("Original height × width", "size", Object.keys(set.sizes).length > 1 ? set.sizes : {}, { write: times }),
    ].filter(Boolean));
    if (set.checked !== true) {
      const why = set.checked === null ? "More is found by" : "The check report is of other photos than these; renew it:";
      byId("facets").append(make("p", { class: "soft small" }, `${why} segdata check ${set.name}`));
    }
  }

  #facet(title, name, counts, { colors = {}, names = {}, write = (value) => value } = {}) {
    const values = Object.entries(counts);
    if (!values.length) return null;
    const rows = values.map(([value, count]) => {
      const box = make("input", { type: "checkbox", "data-facet": name, value });
      box.addEventListener("change", () => this.changed(name, value, box.checked));
      this.boxes.push(box);
      return make("label", { class: "choice" }, box, colors[value] ? swatch(colors[value]) : null,
        make("span", { class: "value" }, names[value] ?? write(value)), count === null ? null : make("span", { class: "many" }, number(count)));
    });
    const shown = rows.slice(0, MANY);
    const rest = rows.slice(MANY);
    return make("fieldset", {}, make("legend", {}, title), ...shown,
      rest.length ? make("details", {}, make("summary", {}, `${rest.length} more`), ...rest) : null);
  }

  update(state) {
    for (const box of this.boxes) box.checked = state[box.dataset.facet].includes(box.value);
  }
}

// The choices of the sort menu; what needs a model is off, with the reason, until its figures are there.
export function fillSorts(select, set, state) {
  const { why_not: reason, known, predicted } = set.model;
  const needs = reason || "Let the model look at the photos first: “Model”, beside the grid";
  const choice = (value, text, off) => make("option", { value, disabled: off, title: off ? needs : undefined, selected: value === state.sort }, text);
  select.replaceChildren(
    choice("id", "By id"),
    make("optgroup", { label: known || predicted ? "What the model doubts" : "What the model doubts (not computed)" },
      choice("loss", "Model disagreement", !known),
      choice("wrong", "Wrong pixels", !predicted),
      choice("iou", "Mean IoU", !predicted)),
    choice("unlabelled", "Share not labelled"),
    choice("size", "Original size"),
    make("optgroup", { label: "Share of a class" }, ...set.classes.map((one) => choice(`share:${one.name}`, one.name))),
  );
  select.value = state.sort;
}

// Whether the interesting end of a sort is its largest value.
export const startsDescending = (sort) => sort.startsWith("share:") || ["loss", "wrong", "unlabelled", "size"].includes(sort);
