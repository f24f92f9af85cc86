// Numbers as they are shown.

/** With its sign and one decimal: +2.3, −0.4. */
export function signed(number) {
  return `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(1)}`;
}
