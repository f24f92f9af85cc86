"""What the words and numbers for event types and buttons mean, over all formats."""

from __future__ import annotations

from typing import Any

from mousematch.telemetry import DOWN, DRAG, LEFT, MIDDLE, MOVE, NONE, OTHER, RIGHT, SCROLL, UP

# A finished click, where nothing may be known of its press; records.points_of decides. Only within records.
CLICK = 5
UNKNOWN = 255

KIND_WORDS = {
    "": MOVE,
    **dict.fromkeys(("move", "mousemove", "pointermove", "touchmove", "hover", "mouseover", "mouseenter"), MOVE),
    **dict.fromkeys(("mouseout", "mouseleave", "pointerover", "pointerout", "pointerenter", "pointerleave"), MOVE),
    **dict.fromkeys(("pressed", "press", "down", "mousedown", "pointerdown", "touchstart"), DOWN),
    **dict.fromkeys(("released", "release", "up", "mouseup", "pointerup", "touchend"), UP),
    **dict.fromkeys(("drag", "dragstart", "dragend", "dragover"), DRAG),
    **dict.fromkeys(("scroll", "wheel", "mousewheel"), SCROLL),
    **dict.fromkeys(("click", "contextmenu", "auxclick"), CLICK),
    # Our own numbers.
    **{str(kind): kind for kind in (MOVE, DOWN, UP, DRAG, SCROLL)},
}
BUTTON_WORDS = {
    **dict.fromkeys(("", "nobutton", "none", "null", "-1"), NONE),
    **dict.fromkeys(("left", "primary", "0"), LEFT),
    **dict.fromkeys(("middle", "auxiliary", "1"), MIDDLE),
    **dict.fromkeys(("right", "secondary", "2"), RIGHT),
}


class Codes(dict[Any, int]):
    """(state, button) as they stand in an event → ``kind * 8 + button``, or UNKNOWN. Remembers what it has read.

    Numbers of buttons are the DOM's: 0 left, 1 middle, 2 right.
    """

    def __missing__(self, pair: tuple[Any, Any]) -> int:
        code = self[pair] = self._read(*pair)
        return code

    @staticmethod
    def _read(state: Any, button: Any) -> int:
        word = _word(state)
        button_word = _word(button)
        kind = KIND_WORDS.get(word, UNKNOWN)
        if kind == UNKNOWN:
            return UNKNOWN
        if button_word == "scroll":
            # Recordings write the wheel as a button with the states Down and Up.
            return SCROLL * 8 + NONE
        code = BUTTON_WORDS.get(button_word, OTHER)
        if word == "contextmenu":
            code = RIGHT
        elif kind in (MOVE, SCROLL):
            # The DOM says button 0 in moves too; it means nothing there.
            code = NONE
        elif code == NONE and kind in (DOWN, UP, CLICK):
            code = LEFT
        return kind * 8 + code


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value.strip().lower()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower()
