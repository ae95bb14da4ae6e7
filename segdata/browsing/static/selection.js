// Which photos are selected: by number, kept in this browser for this version of the set.

export class Selection {
  constructor(set, changed) {
    this.place = `segdata-selection/${set.name}/${set.key}`;
    this.changed = changed;
    this.numbers = new Set();
    try {
      const kept = JSON.parse(localStorage.getItem(this.place) ?? "[]");
      this.numbers = new Set(kept.filter((one) => Number.isInteger(one) && one >= 0 && one < set.photos));
    } catch {
      // A browser may refuse storage, or hold something else there: the selection then lasts as long as the page.
    }
  }

  get size() { return this.numbers.size; }
  has(number) { return this.numbers.has(number); }

  toggle(number) {
    if (!this.numbers.delete(number)) this.numbers.add(number);
    this.anchorIsOn = this.numbers.has(number);
    this.#said();
  }

  // Selects, or with `on` false unselects, all of these.
  put(numbers, on = true) {
    for (const one of numbers) on ? this.numbers.add(one) : this.numbers.delete(one);
    this.#said();
  }

  clear() {
    this.numbers.clear();
    this.#said();
  }

  #said() {
    try {
      localStorage.setItem(this.place, JSON.stringify([...this.numbers]));
    } catch {
      // see above
    }
    this.changed();
  }
}
