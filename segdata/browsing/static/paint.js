// Paints class ids over a photo: the page has the mask itself, so classes are hidden and compared without a request.

export const IGNORE = 255;
const WRONG = [226, 26, 60];
const STRIPES = [[140, 140, 140], [40, 40, 40]];

export function parseColor(text) {
  return [1, 3, 5].map((start) => parseInt(text.slice(start, start + 2), 16));
}

// What is painted of a pixel: nothing, a class, "not labelled", or wrong.
function painter({ truth, prediction, view, hidden }) {
  if (view === "truth" || view === "prediction") {
    const mask = view === "truth" ? truth : prediction;
    return (at) => (hidden.has(mask[at]) ? -1 : mask[at]);
  }
  return (at) => {
    const wanted = truth[at];
    if (wanted === IGNORE) return hidden.has(IGNORE) ? -1 : IGNORE;
    return wanted !== prediction[at] && !(hidden.has(wanted) && hidden.has(prediction[at])) ? -2 : -1;
  };
}

// Fills a canvas of the mask's own size. shown: {truth, prediction, view, hidden, colors, opacity}
export function paint(canvas, width, height, shown) {
  canvas.width = width;
  canvas.height = height;
  if (shown.view === "none") return;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const pixels = picture.data;
  const value = painter(shown);
  const alpha = Math.round(shown.opacity * 255);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const it = value(at);
      if (it === -1) continue;
      const isEdge = it >= 0 && ((column + 1 < width && value(at + 1) !== it) || (row + 1 < height && value(at + width) !== it));
      const color = it === -2 ? WRONG : it === IGNORE ? STRIPES[((row + column) >> 2) & 1] : shown.colors[it];
      const place = at * 4;
      pixels[place] = color[0];
      pixels[place + 1] = color[1];
      pixels[place + 2] = color[2];
      pixels[place + 3] = it === -2 ? Math.max(alpha, 190) : isEdge && it !== IGNORE ? 255 : alpha;
    }
  }
  context.putImageData(picture, 0, 0);
}

// Share of pixels of each class id (256 numbers).
export function shares(mask) {
  const counts = new Float64Array(256);
  for (const id of mask) counts[id]++;
  return counts.map((count) => count / mask.length);
}
