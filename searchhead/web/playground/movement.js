// The page's own view of the mouse, for what is drawn at once: the points of a session in order, its active seconds, the
// path of the latest ones. What is scored goes through the collector and the index; this never leaves the page.

const LONGEST_PAUSE_MS = 500; // a pause counts as half a second at most, as in mouseencode
export const [MOVE, PRESS, RELEASE, DRAG, SCROLL] = [0, 1, 2, 3, 4];
const BUTTONS = [1, 3, 2]; // DOM's left, middle, right as telemetry has them
const BITS = [1, 4, 2, 8, 16]; // of each button in `buttons`

export class Movement {
  /** Begins to listen on a target such as `window`, to what the collector records. */
  constructor(target) {
    this.reset();
    const options = { capture: true, passive: true };
    for (const type of ["pointermove", "pointerdown", "pointerup", "pointercancel"]) {
      target.addEventListener(type, (event) => this.#pointed(event), options);
    }
    target.addEventListener("wheel", (event) => this.#add(event, SCROLL, 0), options);
  }

  /** Forgets all points: another session begins. */
  reset() {
    this.points = [];
    this.active_s = 0;
  }

  get length() {
    return this.points.length;
  }

  /** When the latest point was, epoch milliseconds; 0 before the first. */
  get latest_ms() {
    return this.points.at(-1)?.time_ms ?? 0;
  }

  #pointed(event) {
    if (!event.isPrimary) return;
    if (event.type === "pointermove" && event.button < 0) {
      const reports = event.getCoalescedEvents?.() ?? [];
      for (const report of reports.length ? reports : [event]) {
        this.#add(report, report.buttons ? DRAG : MOVE, held(report.buttons));
      }
    } else {
      const button = Math.max(0, event.button);
      this.#add(event, event.buttons & BITS[button] ? PRESS : RELEASE, BUTTONS[button] ?? 4);
    }
  }

  #add(event, kind, button) {
    const time_ms = Math.round(10 * (performance.timeOrigin + event.timeStamp)) / 10;
    if (this.points.length) {
      this.active_s += Math.min(Math.max(time_ms - this.latest_ms, 0), LONGEST_PAUSE_MS) / 1000;
    }
    const [x, y] = [Math.round(10 * event.clientX) / 10, Math.round(10 * event.clientY) / 10];
    this.points.push({ time_ms, x, y, kind, button });
  }
}

function held(bits) {
  return bits & 1 ? 1 : bits & 2 ? 2 : bits & 4 ? 3 : bits ? 4 : 0;
}

const REACH_MS = 8_000; // how much of the past the path shows
const EDGES = [1, 0.35]; // opacity now and at the end of its reach

/**
 * Draws the latest seconds of the path on a canvas: hue is direction, lightness speed, discs are clicks.
 * frame: {left, top, width, height} of the page that fills the canvas, CSS px.
 */
export function drawPath(canvas, points, { now_ms, frame }) {
  const scale = Math.min(devicePixelRatio || 1, 2);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const zoom = Math.min(width / frame.width, height / frame.height);
  pen.translate((width - zoom * frame.width) / 2 - zoom * frame.left, (height - zoom * frame.height) / 2 - zoom * frame.top);
  pen.lineCap = "round";
  let first = points.length;
  while (first > 0 && now_ms - points[first - 1].time_ms < REACH_MS) first -= 1;
  for (let i = Math.max(first, 1); i < points.length; i += 1) {
    const [from, to] = [points[i - 1], points[i]];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const speed = Math.min(1, Math.log1p((1000 * Math.hypot(dx, dy)) / Math.max(to.time_ms - from.time_ms, 4) / 50) / Math.log1p(80));
    const age = (now_ms - to.time_ms) / REACH_MS;
    pen.globalAlpha = Math.max(0, EDGES[0] + (EDGES[1] - EDGES[0]) * age);
    const hue = (Math.atan2(dy, dx) * 180) / Math.PI;
    pen.strokeStyle = pen.fillStyle = `hsl(${hue} 85% ${38 + 30 * speed}%)`;
    if (dx || dy) {
      pen.lineWidth = to.kind === DRAG ? 4 : 2;
      pen.beginPath();
      pen.moveTo(from.x * zoom, from.y * zoom);
      pen.lineTo(to.x * zoom, to.y * zoom);
      pen.stroke();
    }
    if (to.kind === PRESS) {
      pen.fillStyle = "#35c26b";
      pen.beginPath();
      pen.arc(to.x * zoom, to.y * zoom, 4, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
}
