// The state of the page, and its place in the address: a link shows somebody else the same photos.
//   /?split=train&class=car&sort=loss&descending=1&layer=difference&photo=IMG_0012&view=prediction&hide=sky

const LISTS = ["split", "class", "finding", "size", "hide"];
const TEXTS = { text: "", sort: "id", layer: "truth", photo: "", view: "truth", zoom: "" };
const FLAGS = { descending: false, full: false, bare: false };
export const LAYERS = ["photo", "truth", "prediction", "difference"];
const VIEWS = ["none", "truth", "prediction", "difference"];

export function fromAddress(search) {
  const given = new URLSearchParams(search);
  const state = {};
  for (const name of LISTS) state[name] = given.getAll(name);
  for (const [name, usual] of Object.entries(TEXTS)) state[name] = given.get(name) ?? usual;
  for (const [name, usual] of Object.entries(FLAGS)) state[name] = given.has(name) ? given.get(name) !== "0" : usual;
  if (!LAYERS.includes(state.layer)) state.layer = TEXTS.layer;
  if (!VIEWS.includes(state.view)) state.view = TEXTS.view;
  return state;
}

export function toAddress(state) {
  const said = new URLSearchParams();
  for (const name of LISTS) for (const value of state[name]) said.append(name, value);
  for (const [name, usual] of Object.entries(TEXTS)) if (state[name] !== usual) said.set(name, state[name]);
  for (const [name, usual] of Object.entries(FLAGS)) if (state[name] !== usual) said.set(name, state[name] ? "1" : "0");
  const text = said.toString();
  return text ? `?${text}` : location.pathname;
}

// What the server is asked: the part of the state that decides which photos, in which order.
export function question(state) {
  const asked = new URLSearchParams();
  for (const name of ["split", "class", "finding", "size"]) for (const value of state[name]) asked.append(name, value);
  if (state.text) asked.set("text", state.text);
  asked.set("sort", state.sort);
  if (state.descending) asked.set("descending", "1");
  return asked.toString();
}

export function isFiltered(state) {
  return Boolean(state.text || state.split.length || state.class.length || state.finding.length || state.size.length);
}
