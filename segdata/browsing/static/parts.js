// Small pieces of page, made without innerHTML: names from the data are text, whatever they hold.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name === "color") element.style.setProperty("--color", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);
export const swatch = (color) => make("span", { class: "swatch", color, "aria-hidden": "true" });
export const number = (value) => value.toLocaleString("en");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function percent(share) {
  if (share === 0) return "0 %";
  return share < 0.0005 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}

// "720x1280", height first, as people write it.
export const times = (size) => size.replace("x", " × ");

// Runs `act` when nothing called it for `wait` milliseconds.
export function later(act, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}
