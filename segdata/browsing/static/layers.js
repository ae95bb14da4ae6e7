// What thumbnails show: the choice above the grid. Without predictions the half of it that needs them is off, with the reason.

import { make } from "./parts.js";
import { LAYERS } from "./state.js";

const NEED_MODEL = ["prediction", "difference"];

export function fillLayers(element, chosen) {
  element.replaceChildren(...LAYERS.map((layer) =>
    make("button", { role: "radio", "data-layer": layer, on: { click: () => chosen(layer) } }, layer[0].toUpperCase() + layer.slice(1))));
}

// Marks the layer of the state; one that cannot be shown becomes the truth.
export function updateLayers(element, set, state) {
  const canCompare = set.model.predicted > 0;
  if (!canCompare && NEED_MODEL.includes(state.layer)) state.layer = "truth";
  for (const button of element.children) {
    const { layer } = button.dataset;
    const off = !canCompare && NEED_MODEL.includes(layer);
    button.setAttribute("aria-checked", state.layer === layer);
    button.disabled = off;
    button.title = off ? set.model.why_not || "Let the model look at the photos first: “Model”" : `Show ${layer}`;
  }
}
