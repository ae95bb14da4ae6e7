// What stands under a thumbnail: split, id, a dot for findings, and the figure that the photos are sorted by.

import { make, plural } from "./parts.js";

export function caption(known, sort) {
  const parts = [make("span", { class: `split ${known.split}`, title: known.split }, known.split), make("span", { class: "id" }, known.id)];
  if (known.findings) {
    const many = plural(known.findings, "finding");
    parts.push(make("span", { class: `found ${known.severity}`, title: many, "aria-label": many }, "●"));
  }
  const text = figure(known, sort);
  if (text) parts.push(make("span", { class: "figure" }, text));
  return parts;
}

function figure(known, sort) {
  if (sort === "loss" && known.loss !== null) return known.loss.toFixed(2);
  if (sort === "wrong" && known.wrong !== null) return `${(known.wrong * 100).toFixed(1)} %`;
  if (sort === "iou" && known.iou !== null) return known.iou.toFixed(2);
  return "";
}
