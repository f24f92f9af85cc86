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
# Half a word, for short numbers.
_HALF = WORD // 2
_HALF_ZEROS = np.uint32(0x3030_3030)
_LAST_HALF = ~_FIRST[_HALF::-1].astype(np.uint32)

_DOT, _MINUS = b".-"


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

    @property
    def doubled(self) -> bool:
        """Whether quotes stand twice in what ``encoded`` gives."""
        return self._doubled

    def encoded(self) -> list[bytes]:
        """All texts as they stand in the data: bytes a row."""
        return [self._data[start:stop] for start, stop in zip(self._starts.tolist(), self._stops.tolist())]

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
            starts = np.minimum(self._starts + offset, len(self._data) - WORD) if offset else self._starts
            word = self._words(starts) & _FIRST.take(length - offset, mode="clip")
            changed[1:] |= word[1:] != word[:-1]
        return changed

    def decimals(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Numbers as ``float`` reads them, and whether each was read: float64 and bool, (n,) both.

        Read are texts such as 17, -3.25 and .5 with up to EXACT_DIGITS digits.
        """
        # Most columns hold whole numbers, or numbers with as many places as the first one.
        length = self._stops - self._starts
        shortest, longest = int(length.min(initial=MARGIN)), int(length.max(initial=0))
        places = self._places()
        if places == 0 and 0 < shortest <= longest <= EXACT_DIGITS:
            number, read = self._digits(self._stops, length, longest)
            if read.all():
                return number.astype(np.float64), read
        elif 0 < places < shortest and longest <= EXACT_DIGITS + 1:
            dots = self._stops - (places + 1)
            number, read = self._digits(dots, length - (places + 1), longest - (places + 1))
            if read.all() and (self._bytes(dots) == _DOT).all():
                fraction, read = self._digits(self._stops, places, places)
                if read.all():
                    tens = _TENS[places]
                    return (number * tens + fraction).astype(np.float64) / np.float64(tens), read
        return self._any_decimals()

    def _any_decimals(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What ``decimals`` gives, whatever the texts are."""
        negative = (self._bytes(self._starts) == _MINUS) & (self._stops > self._starts)
        starts = self._starts + negative
        dot = self._dots(starts)
        after = np.minimum(dot + 1, self._stops)
        places = self._stops - after
        count = dot - starts
        whole, read = self._digits(dot, count, int(count.max(initial=0)))
        longest = int(places.max(initial=0))
        if longest:
            fraction, fraction_read = self._digits(self._stops, places, longest)
            read &= fraction_read
            count = count + places
        read &= (count > 0) & (count <= EXACT_DIGITS)
        if longest:
            tens = _TENS[np.where(read, places, 0)]
            values = (whole * tens + fraction).astype(np.float64) / tens.astype(np.float64)
        else:
            values = whole.astype(np.float64)
        return np.where(negative, -values, values), read

    def _places(self) -> int:
        """How many bytes of the first text stand behind its last dot; 0 if it has none."""
        text = self._data[self._starts[0] : self._stops[0]] if len(self) else b""
        return len(text) - 1 - text.rfind(b".") if b"." in text else 0

    def _dots(self, starts: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where the first dot of each text is, or its end if it has none."""
        first, last = (int(starts.min()), int(self._stops.max())) if len(starts) else (0, 0)
        dots = np.flatnonzero(np.frombuffer(self._data, np.uint8)[first:last] == _DOT) + first
        if not len(dots):
            return self._stops
        following = np.concatenate((dots, [last]))[np.searchsorted(dots, starts)]
        return np.minimum(following, self._stops)

    def _digits(
        self, stops: NDArray[np.intp], count: NDArray[np.intp] | int, most: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """The whole numbers in the ``count`` bytes, at most ``most``, in front of some places: uint64 (n,), 0 if count is 0.

        And whether these bytes are digits, up to 16: bool (n,).
        """
        if most <= _HALF:
            return _four_digits((self._halves(stops - _HALF) ^ _HALF_ZEROS) & _LAST_HALF.take(count, mode="clip"))
        number, read = _eight_digits((self._words(stops - WORD) ^ _ZEROS) & _LAST.take(count, mode="clip"))
        if most > WORD:
            words = (self._words(stops - 2 * WORD) ^ _ZEROS) & _LAST.take(count - WORD, mode="clip")
            # The leading digits of times are the same in all rows.
            same = bool((words == words[0]).all())
            high, high_read = _eight_digits(words[:1] if same else words)
            number += high * np.uint64(10**WORD)
            read &= high_read
            if most > 2 * WORD:
                read &= count <= 2 * WORD
        return number, read

    def _bytes(self, places: NDArray[np.intp]) -> NDArray[np.uint8]:
        """The bytes at some places: uint8 (n,)."""
        return np.frombuffer(self._data, np.uint8)[places]

    def _words(self, starts: NDArray[np.intp]) -> NDArray[np.uint64]:
        """The eight bytes from each place on, the first one least significant: uint64 (n,)."""
        anywhere: NDArray[np.uint64] = np.ndarray((len(self._data) - WORD + 1,), "<u8", self._data, strides=(1,))
        return anywhere[starts]

    def _halves(self, starts: NDArray[np.intp]) -> NDArray[np.uint32]:
        """The four bytes from each place on, as ``_words``: uint32 (n,)."""
        anywhere: NDArray[np.uint32] = np.ndarray((len(self._data) - _HALF + 1,), "<u4", self._data, strides=(1,))
        return anywhere[starts]


def run_starts(columns: Sequence[Cells], count: int) -> NDArray[np.intp]:
    """The rows in which any of some columns changes, of ``count`` rows: intp, the first one is row 0."""
    changed = np.zeros(count, np.bool_)
    changed[:1] = True
    for column in columns:
        changed |= column.changed()
    return np.flatnonzero(changed)


def _eight_digits(digits: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """The numbers whose digits (0 to 9, as bytes) are in words, and whether all of them are digits. Changes the words."""
    # What is above 9 reaches the highest bit of its byte, by itself or with so much more.
    read = ((digits + _each(0x76)) | digits) & _each(0x80) == 0
    # Two neighbours, then two pairs, then two fours become one number; all of a word at once.
    digits *= np.uint64(1 + (10 << 8))
    digits >>= np.uint64(8)
    digits &= np.uint64(0x00FF_00FF_00FF_00FF)
    digits *= np.uint64(1 + (100 << 16))
    digits >>= np.uint64(16)
    digits &= np.uint64(0x0000_FFFF_0000_FFFF)
    digits *= np.uint64(1 + (10_000 << 32))
    digits >>= np.uint64(32)
    return digits, read


def _four_digits(digits: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """The same of up to four digits, in half of the time."""
    read = ((digits + np.uint32(0x7676_7676)) | digits) & np.uint32(0x8080_8080) == 0
    digits *= np.uint32(1 + (10 << 8))
    digits >>= np.uint32(8)
    digits &= np.uint32(0x00FF_00FF)
    digits *= np.uint32(1 + (100 << 16))
    digits >>= np.uint32(16)
    return digits.astype(np.uint64), read
