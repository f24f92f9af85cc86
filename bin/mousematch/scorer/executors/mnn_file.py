"""The network's convolutions as an MNN model, made from the weights.

MNN models are FlatBuffers. What is written here is what its schema calls Net, Op, Convolution2D, Pool and Input; the
numbers below are the positions of fields in the tables of schema/default/{MNN,CaffeOp}.fbs in github.com/alibaba/MNN,
which only ever grow at their ends. MNN's converter could write such a file too, but takes TensorFlow's place: a second copy
of the weights, twice their size, in the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from mousematch.architecture import BLOCK_CONVOLUTIONS, EPSILON

INPUT, OUTPUT = "images", "features"
# Values of the enumerations OpType, OpParameter and MNN_DATA_FORMAT.
_CONVOLUTION, _INPUT, _POOLING = 12, 34, 47
_CONVOLUTION_2D, _INPUT_PARAMETER, _POOL = 9, 21, 31
_NC4HW4 = 2

_Floats = NDArray[np.float32]


def folded(weights: Mapping[str, _Floats], layer: str) -> tuple[_Floats, _Floats]:
    """Kernel and bias of a layer with the batch normalisation that follows it (Ioffe & Szegedy 2015) folded in.

    Raises KeyError if the weights lack one of them.
    """
    gamma, variance = weights[f"{layer}_bn/gamma"], weights[f"{layer}_bn/moving_variance"]
    scale = gamma / np.sqrt(variance + np.float32(EPSILON))
    return weights[f"{layer}/kernel"] * scale, weights[f"{layer}_bn/beta"] - weights[f"{layer}_bn/moving_mean"] * scale


def model_bytes(weights: Mapping[str, _Floats], *, size: int) -> bytes:
    """VGG16's blocks, up to the last pooling; input INPUT (n, 3, size, size), output OUTPUT (n, filters, height, width).

    Raises KeyError if the weights lack something.
    """
    writer = _Writer(size, sum(array.nbytes for array in weights.values()))
    for block, convolutions in enumerate(BLOCK_CONVOLUTIONS, start=1):
        for convolution in range(1, convolutions + 1):
            name = f"block{block}_conv{convolution}"
            writer.convolution(name, *folded(weights, name))
        writer.pooling(f"block{block}_pool")
    return writer.finish()


class _Writer:
    """Writes a chain of operations, each of which reads what the one before gives."""

    def __init__(self, size: int, weight_bytes: int) -> None:
        # As large as it will get: the builder would grow by copying.
        self._builder = flatbuffers.Builder(weight_bytes + 65_536)
        self._ops: list[int] = []
        dims = self._ints((1, 3, size, size))
        parameter = self._table({0: ("offset", dims), 2: ("int8", _NC4HW4)}, fields=3)
        self._op(INPUT, _INPUT, _INPUT_PARAMETER, parameter)

    def convolution(self, name: str, kernel: _Floats, bias: _Floats) -> None:
        """3 x 3 with zero padding, then ReLU. kernel: (3, 3, channels, filters)."""
        _, _, channels, filters = kernel.shape
        values = self._builder.CreateNumpyVector(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)).reshape(-1))
        biases = self._builder.CreateNumpyVector(np.ascontiguousarray(bias))
        numbers = {0: 1, 1: 1, 2: 3, 3: 3, 4: 1, 5: 1, 6: 1, 7: 1, 9: 1, 10: filters, 11: channels}
        fields = {field: ("int32", number) for field, number in numbers.items()}
        common = self._table({**fields, 12: ("bool", True)}, fields=13)
        parameter = self._table({0: ("offset", common), 1: ("offset", values), 2: ("offset", biases)}, fields=3)
        self._op(name, _CONVOLUTION, _CONVOLUTION_2D, parameter)

    def pooling(self, name: str) -> None:
        """The maximum of each 2 x 2; an odd last row or column is left out, as Keras does."""
        numbers = {3: 2, 4: 2, 5: 2, 6: 2}
        fields = {field: ("int32", number) for field, number in numbers.items()}
        parameter = self._table({**fields, 8: ("int8", 1), 10: ("bool", False)}, fields=11)
        self._op(name, _POOLING, _POOL, parameter)

    def finish(self) -> bytes:
        names = [self._builder.CreateString(name) for name in self._names]
        ops = self._offsets(self._ops)
        outputs = self._offsets([self._builder.CreateString(OUTPUT)])
        net = {3: ("offset", ops), 4: ("offset", outputs), 7: ("offset", self._offsets(names))}
        self._builder.Finish(self._table({**net, 8: ("int32", len(names))}, fields=9))
        return bytes(self._builder.Output())

    def _op(self, name: str, kind: int, parameter_kind: int, parameter: int) -> None:
        number = len(self._ops)
        label = self._builder.CreateString(name)
        inputs = {0: ("offset", self._ints((number - 1,)))} if number else {}
        outputs = self._ints((number,))
        fields = {1: ("uint8", parameter_kind), 2: ("offset", parameter), 3: ("offset", label), 4: ("offset", outputs)}
        self._ops.append(self._table({**inputs, **fields, 5: ("int32", kind)}, fields=6))

    @property
    def _names(self) -> list[str]:
        """Of the operations' outputs, by their numbers."""
        last = len(self._ops) - 1
        return [INPUT if number == 0 else OUTPUT if number == last else f"{number}" for number in range(last + 1)]

    def _table(self, values: Mapping[int, tuple[str, int | bool]], *, fields: int) -> int:
        self._builder.StartObject(fields)
        for field, (kind, value) in values.items():
            if kind == "offset":
                self._builder.PrependUOffsetTRelativeSlot(field, value, 0)
            else:
                # No default is equal to None, so that no value is left out as being the default of the schema.
                getattr(self._builder, f"Prepend{kind.capitalize()}Slot")(field, value, None)
        return int(self._builder.EndObject())

    def _ints(self, numbers: Sequence[int]) -> int:
        return int(self._builder.CreateNumpyVector(np.array(numbers, np.int32)))

    def _offsets(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())
