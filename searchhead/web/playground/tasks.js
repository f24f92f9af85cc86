// Little tasks that make people move as they do at work: click targets, sort by dragging, fill in a form, follow a way.
// A task is a function (board, random, done) → nothing; it fills the board and calls done() when it is solved.

const COLOURS = ["teal", "coral", "gold", "violet"];

/** Puts one task after the other on the board, for as long as it is asked to. */
export class Tasks {
  /** told(title, hint): shows what is to be done. random: () → 0–1. */
  constructor(board, told, random = Math.random) {
    this.board = board;
    this.told = told;
    this.random = random;
    this.rounds = 0;
    this.running = false;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.next();
  }

  stop() {
    this.running = false;
    this.board.replaceChildren();
  }

  next() {
    if (!this.running) return;
    const [title, hint, task] = TASKS[this.rounds % TASKS.length];
    this.rounds += 1;
    this.told(title, hint, this.rounds);
    this.board.replaceChildren();
    this.board.dataset.task = task.name;
    let solved = false;
    task(this.board, this.random, () => {
      if (solved) return;
      solved = true;
      setTimeout(() => this.next(), 350);
    });
  }
}

function targets(board, random, done) {
  const count = 7;
  const discs = places(board, count, random, 78).map(([x, y], i) => {
    const size = 34 + 44 * random();
    const disc = element("button", `disc ${COLOURS[i % 4]}`, String(i + 1));
    disc.type = "button";
    place(disc, x - size / 2, y - size / 2, size, size);
    return disc;
  });
  let next = 0;
  mark();
  for (const [i, disc] of discs.entries()) {
    disc.addEventListener("click", () => {
      if (i !== next) return;
      disc.classList.add("gone");
      disc.disabled = true;
      next += 1;
      mark();
      if (next === count) done();
    });
  }
  board.append(...discs);

  function mark() {
    for (const [i, disc] of discs.entries()) disc.classList.toggle("next", i === next);
  }
}

function sorting(board, random, done) {
  const kinds = ["round", "square"];
  const trays = kinds.map((kind, i) => {
    const tray = element("div", `tray ${kind}`);
    tray.append(element("span", "", kind === "round" ? "Circles" : "Squares"));
    tray.dataset.kind = kind;
    const wide = board.clientWidth * 0.3;
    place(tray, i ? board.clientWidth - wide - 16 : 16, board.clientHeight * 0.3, wide, board.clientHeight * 0.6);
    return tray;
  });
  board.append(...trays);
  let left = 6;
  for (let i = 0; i < 6; i += 1) {
    const kind = kinds[i % 2];
    const piece = element("button", `piece ${kind} ${COLOURS[i % 4]}`);
    piece.type = "button";
    piece.setAttribute("aria-label", `${kind === "round" ? "Circle" : "Square"}: drag it, or press Enter to sort it`);
    const x = board.clientWidth * (0.4 + 0.2 * random());
    place(piece, x - 23, 12 + ((board.clientHeight - 70) * i) / 5.2, 46, 46);
    draggable(piece, board, (middle) => {
      const tray = trays.find((each) => inside(each, middle));
      if (tray?.dataset.kind !== kind) return false;
      settle(tray);
      return true;
    });
    // The keyboard's way; it leaves no movement behind.
    piece.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") settle(trays.find((each) => each.dataset.kind === kind));
    });
    board.append(piece);

    function settle(tray) {
      if (piece.classList.contains("gone")) return;
      piece.classList.add("gone");
      piece.disabled = true;
      tray.classList.add("pleased");
      left -= 1;
      if (left === 0) done();
    }
  }
}

function form(board, random, done) {
  const words = ["Oak", "Trout", "Maple", "Heron", "Birch", "Otter", "Willow", "Finch"];
  const trees = new Set(["Oak", "Maple", "Birch", "Willow"]);
  const sheet = element("form", "sheet");
  const list = element("fieldset", "choices");
  list.append(element("legend", "", "Tick the trees"));
  for (const word of shuffled(words, random)) {
    const label = element("label");
    const box = element("input");
    box.type = "checkbox";
    box.value = word;
    label.append(box, word);
    list.append(label);
  }
  const goal = 20 + 5 * Math.floor(13 * random());
  const range = element("label", "range", `Slide to ${goal}`);
  const slider = element("input");
  Object.assign(slider, { type: "range", min: 0, max: 100, step: 5, value: goal > 50 ? 0 : 100 });
  const shown = element("output", "", slider.value);
  slider.addEventListener("input", () => (shown.value = slider.value));
  range.append(slider, shown);
  const send = element("button", "", "Send");
  const wrong = element("span", "wrong");
  wrong.setAttribute("role", "status");
  const end = element("div", "row");
  end.append(send, wrong);
  sheet.append(list, range, end);
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    const boxes = [...list.querySelectorAll("input")];
    if (!boxes.every((box) => box.checked === trees.has(box.value))) wrong.textContent = "Not yet: four trees, no animals.";
    else if (Number(slider.value) !== goal) wrong.textContent = `Not yet: the slider is at ${slider.value}.`;
    else done();
  });
  board.append(sheet);
}

function way(board, random, done) {
  const rings = places(board, 9, random, 70).map(([x, y], i) => {
    const ring = element("button", "gate", String(i + 1));
    ring.type = "button";
    place(ring, x - 22, y - 22, 44, 44);
    return ring;
  });
  let next = 0;
  rings[0].classList.add("next");
  for (const [i, ring] of rings.entries()) {
    const pass = () => {
      if (i !== next) return;
      ring.classList.replace("next", "gone");
      next += 1;
      rings[next]?.classList.add("next");
      if (next === rings.length) done();
    };
    ring.addEventListener("pointerenter", pass);
    ring.addEventListener("click", pass);
  }
  board.append(...rings);
}

const TASKS = [
  ["Click the discs in their order", "From 1 to 7. Your usual pace is the right one.", targets],
  ["Sort the pieces", "Drag circles to the left, squares to the right.", sorting],
  ["Fill in the form", "Tick what is a tree, set the slider, send.", form],
  ["Follow the rings", "Move through them from 1 to 9; no clicks needed.", way],
];

function draggable(piece, board, dropped) {
  let grip = null;
  piece.addEventListener("pointerdown", (event) => {
    if (piece.disabled) return;
    piece.setPointerCapture(event.pointerId);
    const home = [piece.offsetLeft, piece.offsetTop];
    grip = { x: event.clientX - piece.offsetLeft, y: event.clientY - piece.offsetTop, home };
    piece.classList.add("held");
  });
  piece.addEventListener("pointermove", (event) => {
    if (!grip) return;
    move(piece, event.clientX - grip.x, event.clientY - grip.y);
  });
  const drop = () => {
    if (!grip) return;
    const { home } = grip;
    grip = null;
    piece.classList.remove("held");
    const middle = [piece.offsetLeft + piece.offsetWidth / 2, piece.offsetTop + piece.offsetHeight / 2];
    if (!dropped(middle)) move(piece, ...home);
  };
  piece.addEventListener("pointerup", drop);
  piece.addEventListener("pointercancel", drop);
}

function inside(tray, [x, y]) {
  return (
    x >= tray.offsetLeft && x <= tray.offsetLeft + tray.offsetWidth && y >= tray.offsetTop && y <= tray.offsetTop + tray.offsetHeight
  );
}

/** Places on the board that keep a distance from each other, as far as there is room. */
function places(board, count, random, apart) {
  const [width, height] = [board.clientWidth, board.clientHeight];
  const found = [];
  while (found.length < count) {
    let best = null;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const spot = [48 + (width - 96) * random(), 48 + (height - 96) * random()];
      const near = Math.min(Infinity, ...found.map(([x, y]) => Math.hypot(x - spot[0], y - spot[1])));
      if (!best || near > best.near) best = { spot, near };
      if (near > 3 * apart) break;
    }
    found.push(best.spot);
  }
  return found;
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.append(text);
  return made;
}

function place(node, x, y, width, height) {
  Object.assign(node.style, { width: `${width}px`, height: `${height}px` });
  move(node, x, y);
}

function move(node, x, y) {
  Object.assign(node.style, { left: `${x}px`, top: `${y}px` });
}

function shuffled(items, random) {
  return items
    .map((item) => [random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
