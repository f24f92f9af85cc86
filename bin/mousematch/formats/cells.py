"""Cells: a column of CSV that stays bytes until somebody asks for its text.

A search sends millions of cells, and most of them are numbers, or the same name as in the row before. So ``Cells`` is a
sequence of str that knows only where each text begins and ends; numbers are read from the bytes eight digits at a time,
and names are compared as bytes, so that one in a thousand is decoded. What is not a plain decimal number is left to
``float`` by those who call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

# Words of eight bytes are read anywhere from 16 bytes before a text to its end: so much must surround the texts.
MARGIN = 16
WORD = 8
# 10 ** 15 < 2 ** 53: whole numbers of so many digits are exact in float64, and so is their division by a power of ten.
EXACT_DIGITS = 15
_TENS = 10 ** np.arange(EXACT_DIGITS + 1, dtype=np.uint64)


def _each(byte: int) -> np.uint64:
    """A word with the same byte eight times."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_ZEROS = _each(ord("0"))
# Little-endian words of the first or the last 0 to 8 bytes. The last bytes are the most significant ones.
_FIRST = np.array([(1 << 8 * count) - 1 for count in range(WORD + 1)], np.uint64)
_LAST = ~_FIRST[::-1]


class Cells(Sequence[str]):
    """Texts of a column, one a row.

    data: the bytes that the texts are in, with MARGIN bytes of anything around. starts, stops: intp (n,), where each
    text begins and ends in data. doubled: whether quotes in texts stand twice. What is no UTF-8 is read as "�".
    """

    def __init__(self, data: bytes, starts: NDArray[np.intp], stops: NDArray[np.intp], *, doubled: bool) -> None:
        self._data = data
        self._starts, self._stops = starts, stops
        self._doubled = doubled

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Cells: ...
    def __getitem__(self, item: int | slice) -> str | Cells:
        if isinstance(item, slice):
            return self.take(item)
        return self._text(self._data[self._starts[item] : self._stops[item]].decode("utf-8", "replace"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts())

    def __contains__(self, value: object) -> bool:
        return bool(self.equal(value).any()) if isinstance(value, str) else False

    def _text(self, cell: str) -> str:
        return cell.replace('""', '"') if self._doubled else cell

    def take(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Cells:
        """The cells of some rows."""
        return Cells(self._data, self._starts[rows], self._stops[rows], doubled=self._doubled)

    def texts(self) -> list[str]:
        """All texts: str a row."""
        pairs = zip(self._starts.tolist(), self._stops.tolist())
        if not len(self):
            return []
        first, last = int(self._starts.min()), int(self._stops.max())
        piece = self._data[first:last]
        if not piece.isascii():
            return [self._text(self._data[start:stop].decode("utf-8", "replace")) for start, stop in pairs]
        text = piece.decode("ascii")
        cells = [text[start - first : stop - first] for start, stop in pairs]
        return [self._text(cell) for cell in cells] if self._doubled else cells

    def equal(self, text: str) -> NDArray[np.bool_]:
        """Which rows hold this text: bool (n,). text: at most eight bytes, without quotes."""
        wanted = text.encode()
        if len(wanted) > WORD or '"' in text:
            return np.array([cell == text for cell in self.texts()], np.bool_)
        same: NDArray[np.bool_] = self._stops - self._starts == len(wanted)
        if wanted and same.any():
            word = np.uint64(int.from_bytes(wanted, "little"))
            same &= self._words(self._starts) & _FIRST[len(wanted)] == word
        return same

    def changed(self) -> NDArray[np.bool_]:
        """Whether each row's text is another one than the row's before: bool (n,), True in the first row."""
        changed = np.ones(len(self), np.bool_)
        length = self._stops - self._starts
        np.not_equal(length[1:], length[:-1], out=changed[1:])
        for offset in range(0, int(length.max(initial=0)), WORD):
            kept = _FIRST[np.clip(length - offset, 0, WORD)]
            word = self._words(np.minimum(self._starts + offset, len(self._data) - WORD)) & kept
            changed[1:] |= word[1:] != word[:-1]
        return changed

    def decimals(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Numbers as ``float`` reads them, and whether each was read: float64 and bool, (n,) both.

        Read are texts such as 17, -3.25 and .5 with up to EXACT_DIGITS digits.
        """
        negative = (self._words(self._starts) & _FIRST[1] == ord("-")) & (self._stops > self._starts)
        starts = self._starts + negative
        dot = self._dots(starts)
        after = np.minimum(dot + 1, self._stops)
        places = self._stops - after
        whole, read = self._digits(starts, dot)
        count = dot - starts
        if places.any():
            fraction, fraction_read = self._digits(after, self._stops)
            read &= fraction_read
            count = count + places
        read &= (count > 0) & (count <= EXACT_DIGITS)
        if places.any():
            tens = _TENS[np.where(read, places, 0)]
            values = (whole * tens + fraction).astype(np.float64) / tens.astype(np.float64)
        else:
            values = whole.astype(np.float64)
        return np.where(negative, -values, values), read

    def _dots(self, starts: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where the first dot of each text is, or its end if it has none."""
        first, last = (int(starts.min()), int(self._stops.max())) if len(starts) else (0, 0)
        dots = np.flatnonzero(np.frombuffer(self._data, np.uint8)[first:last] == ord(".")) + first
        if not len(dots):
            return self._stops
        following = np.concatenate((dots, [last]))[np.searchsorted(dots, starts)]
        return np.minimum(following, self._stops)

    def _digits(
        self, starts: NDArray[np.intp], stops: NDArray[np.intp]
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """The whole numbers in some bytes, and whether these are up to 16 digits: 0 and True where there are no bytes."""
        length = stops - starts
        number, read = _eight_digits(self._words(stops - WORD), np.clip(length, 0, WORD))
        if length.max(initial=0) > WORD:
            high, high_read = _eight_digits(self._words(stops - 2 * WORD), np.clip(length - WORD, 0, WORD))
            number += high * np.uint64(10**WORD)
            read &= high_read & (length <= 2 * WORD)
        return number, read

    def _words(self, starts: NDArray[np.intp]) -> NDArray[np.uint64]:
        """The eight bytes from each place on, the first one least significant: uint64 (n,)."""
        anywhere: NDArray[np.uint64] = np.ndarray((len(self._data) - WORD + 1,), "<u8", self._data, strides=(1,))
        return anywhere[starts]


def run_starts(columns: Sequence[Cells], count: int) -> NDArray[np.intp]:
    """The rows in which any of some columns changes, of ``count`` rows: intp, the first one is row 0."""
    changed = np.zeros(count, np.bool_)
    changed[:1] = True
    for column in columns:
        changed |= column.changed()
    return np.flatnonzero(changed)


def _eight_digits(words: NDArray[np.uint64], count: NDArray[np.intp]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """The numbers in the last ``count`` bytes of words, and whether these bytes are digits."""
    kept = _LAST[count]
    words = (words & kept) | (_ZEROS & ~kept)
    # The digits 0 to 9 are the bytes 0x30 to 0x39: a 3 in front, and still a 3 after adding 6.
    front = _each(0xF0)
    read = ((words & front) == _ZEROS) & (((words + _each(0x06)) & front) == _ZEROS)
    # Two neighbours, then two pairs, then two fours become one number; all of a word at once.
    words = words & _each(0x0F)
    words = ((words * np.uint64(1 + (10 << 8))) >> np.uint64(8)) & np.uint64(0x00FF_00FF_00FF_00FF)
    words = ((words * np.uint64(1 + (100 << 16))) >> np.uint64(16)) & np.uint64(0x0000_FFFF_0000_FFFF)
    return (words * np.uint64(1 + (10_000 << 32))) >> np.uint64(32), read
