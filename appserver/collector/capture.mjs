// The browser's events → points of telemetry: when, where, what kind, which button. Nothing else of an event is read:
// no key, no text, no name of an element.

// As in docs/telemetry.md.
const MOVE = 0;
const PRESS = 1;
const RELEASE = 2;
const DRAG = 3;
const SCROLL = 4;

// Movement over an element with this attribute, and over all that it holds, is not recorded.
const IGNORED = "[data-mousematch-ignore]";

// The DOM counts buttons as 0 left, 1 middle, 2 right, and its bits as 1 left, 2 right, 4 middle.
const BUTTONS = [1, 3, 2];
const BITS = [1, 4, 2, 8, 16, 32];

// The button that is held, telemetry's number: the left one first.
const held = (bits) => (bits & 1 ? 1 : bits & 2 ? 2 : bits & 4 ? 3 : bits ? 4 : 0);

// Calls take(event, kind, button) for each point until the returned function is called. guard(work) gives a listener
// that cannot throw into the page.
export function capture(take, guard) {
  const unwanted = (event) => !event.isTrusted || event.target?.closest?.(IGNORED);

  const moved = (event) => {
    // A second finger is no second mouse.
    if (unwanted(event) || !event.isPrimary) return;
    if (event.type === "pointermove" && event.button < 0) {
      // A browser hands over a frame's movement at once; what the mouse really reported is in here (https only).
      const reports = event.getCoalescedEvents?.();
      for (const report of reports?.length ? reports : [event]) {
        take(report, report.buttons ? DRAG : MOVE, held(report.buttons), event.pointerType);
      }
    } else {
      // A press, a release, or a cancelled touch; also a pointermove, when one button is held and another changes.
      const button = Math.max(0, event.button);
      take(event, event.buttons & BITS[button] ? PRESS : RELEASE, BUTTONS[button] || 4, event.pointerType);
    }
  };

  const scrolled = (event) => {
    // The wheel's events do not say what they came from.
    if (!unwanted(event)) take(event, SCROLL, 0);
  };

  // Captured at the window, so that no handler of the page can swallow them; passive, so that none waits for them.
  const options = { capture: true, passive: true };
  const listeners = { wheel: guard(scrolled) };
  for (const name of ["move", "down", "up", "cancel"]) listeners["pointer" + name] = guard(moved);
  for (const name in listeners) addEventListener(name, listeners[name], options);
  return () => {
    for (const name in listeners) removeEventListener(name, listeners[name], options);
  };
}
