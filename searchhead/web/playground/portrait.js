// The encoding portrait/1/64 while a window fills up, for the eye: the pictures that are scored come from mouseencode.
// The rule is in docs/encoding.md; a test holds this to mouseencode pixel by pixel.

export const WINDOW_POINTS = 640;
const [SIZE, BINS, HISTOGRAMS, GAIN] = [64, 32, 12, 2];
const SLOW_STEPS = 8;
const LONG_TIMES_MS = [24, 43, 77, 136, 242, 432, 768, 1369];
const TIMES = [...Array.from({ length: 23 }, (_, i) => i + 1), ...LONG_TIMES_MS];
const [FULL_TURN, SECTOR] = [65_536, 2_048];
const round32 = Math.fround;

const number = new Float32Array(1);
const bits = new Int32Array(number.buffer);

/** An axis of bins with growing edges, entered with a number's 11 leading binary digits; see portrait_encoding.py. */
function logarithmic(count, edge, power = 1) {
  const edges = Array.from({ length: count }, (_, i) => Math.round(edge(i + 1) * 1e9) / 1e9);
  return (value) => {
    number[0] = value;
    bits[0] = (bits[0] >> 13) << 13;
    return above(edges, power === 2 ? Math.sqrt(number[0]) : number[0]);
  };
}

const stepBin = logarithmic(31, (k) => 2 ** (k / 3 - 1) - 0.5, 2);
const speedBin = logarithmic(31, (k) => 2 ** (k / 2.7 - 6.7) - 0.01, 2);
const distanceBin = logarithmic(31, (k) => 2 ** (k / 2.6 - 1) - 0.5, 2);
const sizeBin = logarithmic(16, (k) => 2 ** ((k - 0.5) / 2) - 1);

/** The picture of a session's latest window, point by point. */
export class Portrait {
  constructor() {
    this.reset();
  }

  /** Another session begins. */
  reset() {
    this.points = 0;
    this.past = []; // of the latest 16 points and this one, what the next ones need
    this.counts = new Uint32Array(HISTOGRAMS * BINS * BINS);
    this.n = 0;
  }

  /** Counts a point: {time_ms, x, y (CSS px), kind, button}; after a full window another one begins. */
  add(point) {
    if (this.n === WINDOW_POINTS) {
      this.counts.fill(0);
      this.n = 0;
    }
    for (const [histogram, row, column] of this.#bins(point)) {
      this.counts[(histogram * BINS + row) * BINS + column] += 1;
    }
    this.n += 1;
    this.points += 1;
  }

  /** The picture as RGBA, uint8 (64 × 64 × 4). */
  pixels() {
    const image = new Uint8ClampedArray(SIZE * SIZE * 4).fill(255);
    for (let y = 0; y < SIZE; y += 1) {
      for (let x = 0; x < SIZE; x += 1) {
        const panel = (y >= BINS ? 2 : 0) + (x >= BINS ? 1 : 0);
        for (let colour = 0; colour < 3; colour += 1) {
          const count = this.counts[((3 * panel + colour) * BINS + (y % BINS)) * BINS + (x % BINS)];
          const square = Math.min(Math.floor(((255 * GAIN) ** 2 * count) / Math.max(this.n, 1)), 255 ** 2);
          image[4 * (y * SIZE + x) + colour] = Math.floor(Math.sqrt(square));
        }
      }
    }
    return image;
  }

  #bins(point) {
    const { past } = this;
    const [x, y] = [round32(point.x), round32(point.y)];
    const now = { time_us: Math.round(point.time_ms * 1000), x, y, time: 0, step: 0, speed: 0, direction: 0, moved: false };
    const before = past.at(-1);
    const [second, third] = [past.length >= 1, past.length >= 2];
    const found = [[9, limited(y / 40), limited(x / 64)]];
    if (second) {
      const [dx, dy] = [round32(x - before.x), round32(y - before.y)];
      const square = round32(round32(dx * dx) + round32(dy * dy));
      const dt_us = now.time_us - before.time_us;
      const time_ms = round32(Math.max(dt_us, 4000) / 1000);
      now.time = above(TIMES, Math.floor((dt_us + 500) / 1000));
      now.step = stepBin(square);
      now.speed = speedBin(round32(square / round32(time_ms * time_ms)));
      now.direction = direction(dx, dy);
      now.moved = square > 0;
      found.push([1, now.step, now.time], [10, coordinate(dy), coordinate(dx)]);
      if (point.kind) found.push([11, 6 * point.kind + point.button, now.time]);
      if (now.moved) found.push([6, now.speed, angle(now.direction, SECTOR / 2)]);
      if (now.moved && before.moved) {
        const turn = angle(now.direction - before.direction, FULL_TURN / 2);
        found.push([2, turn, now.time], [4, turn, now.step], [7, turn, angle(now.direction, SECTOR / 2)]);
      }
    }
    if (third) found.push([0, before.time, now.time], [3, before.step, now.step], [5, before.speed, now.speed]);
    if (past.length >= 2 * SLOW_STEPS) {
      const [middle, start] = [past.at(-SLOW_STEPS), past.at(-2 * SLOW_STEPS)];
      const [way, earlier] = [difference(now, middle), difference(middle, start)];
      if (way.square > 0 && earlier.square > 0) {
        const turn = angle(direction(way.dx, way.dy) - direction(earlier.dx, earlier.dy), FULL_TURN / 2);
        found.push([8, turn, distanceBin(earlier.square)]);
      }
    }
    past.push(now);
    if (past.length > 2 * SLOW_STEPS) past.shift();
    return found;
  }
}

function difference(to, from) {
  const [dx, dy] = [round32(to.x - from.x), round32(to.y - from.y)];
  return { dx, dy, square: round32(round32(dx * dx) + round32(dy * dy)) };
}

/** 65,536ths of a turn, clockwise on the screen. */
function direction(dx, dy) {
  return Math.round(Math.atan2(dy, dx) * (FULL_TURN / (2 * Math.PI)));
}

function angle(turned, ahead) {
  return ((turned + ahead) & (FULL_TURN - 1)) >> 11;
}

function coordinate(step) {
  const size = sizeBin(Math.abs(step));
  return Math.max(15 + (step < 0 ? -size : size), 0);
}

function limited(value) {
  return Math.floor(Math.min(Math.max(round32(value), 0), BINS - 1));
}

/** How many of the edges, rising, are at or below the value. */
function above(edges, value) {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
