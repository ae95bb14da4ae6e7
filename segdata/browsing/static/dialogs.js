// Help, the export of a selection, and what was set aside.

import { byId, make, number, plural } from "./parts.js";

const KEYS = [
  ["In the grid", [
    ["← ↑ → ↓", "move"], ["Page up / down, Home, End", "move far"], ["Enter", "open the photo"],
    ["x or Space", "select"], ["Shift + arrows, Shift + click", "select a stretch"], ["Ctrl + a", "select all that is shown"], ["/", "find by id"],
  ]],
  ["One photo", [
    ["→ or j, ← or k", "next, previous"], ["p", "photo on or off"], ["t, r, d", "truth, prediction, difference"],
    ["1 … 9", "hide or show a class"], ["+ − 0", "zoom in, out, fit"], ["Shift + arrows", "move the zoomed photo"],
    ["f", "the raw photo beside it"], ["x or Space", "select"], ["Esc", "back to the grid"],
  ]],
];

const close = (dialog) => make("button", { class: "icon close", title: "Close (Esc)", on: { click: () => dialog.close() } }, "✕", make("span", { class: "hidden" }, "Close"));

function show(dialog) {
  if (!dialog.open) dialog.showModal();
  dialog.onclick = (event) => event.target === dialog && dialog.close();
}

export function help() {
  const dialog = byId("help");
  dialog.replaceChildren(close(dialog), make("h2", { id: "help-title" }, "Keys"),
    ...KEYS.map(([title, keys]) => make("section", {}, make("h3", {}, title),
      make("dl", { class: "keys" }, ...keys.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)])))),
    make("p", { class: "soft small" }, "The address holds filters, order and the open photo: copy it to show somebody else the same. Striped grey is not labelled; red is where prediction and truth differ."));
  show(dialog);
}

export function aside(set) {
  const dialog = byId("aside-dialog");
  const more = set.aside_total - set.aside.length;
  dialog.replaceChildren(close(dialog), make("h2", { id: "aside-title" }, `${plural(set.aside_total, "thing")} set aside`),
    make("p", { class: "soft" }, "They are not in the shards. Mend them and run dvc repro."),
    make("ul", { class: "found" }, ...set.aside.map((one) => make("li", {}, make("code", {}, one.file), one.place ? `, ${one.place}` : "", `: ${one.message} `, make("span", { class: "soft" }, `[${one.code}]`)))),
    more ? make("p", { class: "soft" }, `and ${number(more)} more in data/checks/${set.name}.json`) : null);
  show(dialog);
}

export async function exporting(api, numbers) {
  const dialog = byId("export-dialog");
  const name = api.set.name;
  const file = `${name}-selection.txt`;
  const [ids, photos] = await Promise.all([api.list(numbers, "ids"), api.list(numbers, "photos")]);
  const found = photos.split("\n").length - 1;
  const part = (title, text, as, ...about) => make("section", {}, make("h3", {}, title), ...about,
    make("textarea", { readonly: true, rows: 4, "aria-label": title, spellcheck: "false" }, text),
    make("p", {}, make("button", { class: "strong", "data-download": as, on: { click: () => save(text, as) } }, `Download ${as}`), " ", copying(text)));
  const command = (text, what) => make("li", {}, make("code", {}, text), make("span", { class: "soft" }, ` ${what}`));
  dialog.replaceChildren(close(dialog), make("h2", { id: "export-title" }, `${plural(numbers.length, "photo")} selected`),
    part("Ids, one a line", ids, file),
    make("ul", { class: "commands" },
      command(`segdata remove ${name} --from ${file} --dry-run`, "what taking them out would do"),
      command(`segdata export ${name} --to via --ids ${file} --out to-correct`, "their masks as polygons, to be corrected in VIA (or coco, masks, …)")),
    found ? part("Photo files, one a line", photos, `${name}-photos.txt`, make("p", { class: "soft small" }, `For annotation tools that open a list of files${found < numbers.length ? `; ${number(numbers.length - found)} are not here` : ""}.`))
      : make("p", { class: "soft small" }, "The raw photos are not here, so there is no list of their files."));
  show(dialog);
}

function copying(text) {
  const button = make("button", {}, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  return button;
}

function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
