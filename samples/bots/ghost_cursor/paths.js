// Each line of standard input is {"seed": n, "ways": [{"from": {x, y}, "to": {x, y, width, height}, "options": {…}}]}; the
// answer is a line with ghost-cursor's path of each way: [[[x, y], …], …]. The same seed gives the same paths.
"use strict";

// ghost-cursor draws from Math.random alone; this is the generator "mulberry32".
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const { path } = require("ghost-cursor");
require("readline")
  .createInterface({ input: process.stdin, terminal: false })
  .on("line", (line) => {
    const order = JSON.parse(line);
    Math.random = seeded(order.seed);
    const paths = order.ways.map((way) => path(way.from, way.to, way.options).map((place) => [place.x, place.y]));
    process.stdout.write(JSON.stringify(paths) + "\n");
  });
