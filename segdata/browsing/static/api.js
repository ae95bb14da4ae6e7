// Asks the server, and turns its errors into sentences for people.

async function answer(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer: is segdata browse still running?");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new Error(said?.error?.message ?? `The server says ${response.status}.`);
}

export const getJson = async (address, options) => (await answer(address, options)).json();
export const getText = async (address, options) => (await answer(address, options)).text();
export const getBytes = async (address, options) => new Uint8Array(await (await answer(address, options)).arrayBuffer());

export const postJson = (address, value) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

export class Api {
  constructor(set) {
    this.set = set;
    this.base = `/api/${set.key}`;
  }
  order(question, signal) { return getJson(`${this.base}/order?${question}`, { signal }); }
  page(question, offset, limit) { return getJson(`${this.base}/photos?${question}&offset=${offset}&limit=${limit}`); }
  photo(number) { return getJson(`${this.base}/photos/${number}`); }
  number(id) { return getJson(`${this.base}/number?id=${encodeURIComponent(id)}`); }
  truth(number) { return getBytes(`${this.base}/photos/${number}/truth`); }
  prediction(number) { return getBytes(`${this.base}/photos/${number}/prediction`); }
  photoAddress(number) { return `${this.base}/photos/${number}/photo`; }
  originalAddress(number) { return `${this.base}/photos/${number}/original`; }
  thumbnail(number, kind, weights) {
    const version = kind === "prediction" || kind === "difference" ? `?model=${weights}` : "";
    return `${this.base}/photos/${number}/thumbnail/${kind}${version}`;
  }
  list(numbers, what) { return getText(`${this.base}/list`, postJson("", { numbers, what })); }
  model() { return getJson(`${this.base}/model`); }
  startModel() { return getJson(`${this.base}/model`, { method: "POST" }); }
  stopModel() { return getJson(`${this.base}/model`, { method: "DELETE" }); }
}
