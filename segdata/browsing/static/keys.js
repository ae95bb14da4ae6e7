// What each key does, in the grid and with one photo open; dialogs.js lists them for people.

import { help } from "./dialogs.js";
import { byId } from "./parts.js";

export function key(page, event) {
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.("input[type=search], select, textarea");
  if (typing) {
    if (event.key === "Escape" || event.key === "Enter") page.grid.scroller.focus();
    return;
  }
  const act = event.ctrlKey || event.metaKey || event.altKey ? withControl(page, event) : page.viewer.isOpen ? inViewer(page, event) : inGrid(page, event);
  if (act) {
    event.preventDefault();
    act();
  }
}

function withControl(page, event) {
  return event.key === "a" && (event.ctrlKey || event.metaKey) && !page.viewer.isOpen ? () => page.selection.put(page.order) : null;
}

function inGrid(page, event) {
  const { grid } = page;
  const columns = grid.columns;
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -columns * grid.rowsInSight, PageDown: columns * grid.rowsInSight, Home: -Infinity, End: Infinity };
  if (event.target.matches("input[type=checkbox], input[type=range], button, summary") && (event.key === " " || event.key === "Enter" || event.target.type === "range")) return null;
  if (event.key in moves) {
    return () => {
      const from = grid.focus;
      grid.moveTo(from + moves[event.key]);
      if (event.shiftKey && grid.focus !== from) {
        if (!page.selection.has(page.order[from])) page.select(from);
        page.anchor = from;
        page.select(grid.focus, "range");
      }
    };
  }
  if (!page.order.length && !["?", "/", "Escape"].includes(event.key)) return null;
  return {
    Escape: () => page.closeFilters(), Enter: () => page.open(grid.focus), " ": () => page.select(grid.focus), x: () => page.select(grid.focus),
    "/": () => byId("text").focus(), "?": help,
  }[event.key];
}

function inViewer(page, event) {
  const { viewer } = page;
  if (event.target.matches("button") && (event.key === " " || event.key === "Enter")) return null;
  if (event.target.type === "range" && event.key.startsWith("Arrow")) return null;
  if (event.shiftKey && event.key.startsWith("Arrow")) {
    const [across, down] = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    return () => viewer.zoom.pan(across, down);
  }
  if (/^[1-9]$/.test(event.key) && Number(event.key) <= page.set.classes.length) return () => viewer.toggleClass(Number(event.key) - 1);
  return {
    Escape: () => page.close(), ArrowRight: () => page.step(1), j: () => page.step(1), ArrowLeft: () => page.step(-1), k: () => page.step(-1),
    p: () => viewer.toggle("photo"), t: () => viewer.toggle("truth"), r: () => viewer.toggle("prediction"), d: () => viewer.toggle("difference"),
    f: () => viewer.toggleFull(), "+": () => viewer.zoom.by(1.5), "=": () => viewer.zoom.by(1.5), "-": () => viewer.zoom.by(1 / 1.5), 0: () => viewer.zoom.fit(),
    x: () => page.selectViewed(), " ": () => page.selectViewed(), "?": help,
  }[event.key];
}
