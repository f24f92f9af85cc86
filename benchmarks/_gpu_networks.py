"""The network of benchmarks/gpu.py in Keras and in PyTorch, with the same weights, and what it is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE, EMBEDDING, PEOPLE = 64, 128, 64
RATE, DECAY, EPSILON = 1e-3, 1e-4, 1e-7
FLOAT32, BFLOAT16 = "float32", "bfloat16"
STEPS = 3  # of training, whose losses are compared


@dataclass(frozen=True)
class Task:
    """What both frameworks are given. PyTorch's process cannot load TensorFlow, so this comes without Keras.

    weights: in the order of Keras, kernel, gamma, beta, mean and variance of each convolution and of the projection.
    images: float32 (n, SIZE, SIZE, 3) in 0-1. people: whose they are, int64 (n,). directions: of the people, float32
    (EMBEDDING, PEOPLE). convolutions: of each block. scale, margin: of the loss. mode: of torch.compile. side: of the
    matrices that the peak is measured with.
    """

    device: str
    width: float
    weights: list[np.ndarray]
    images: np.ndarray
    people: np.ndarray
    directions: np.ndarray
    convolutions: tuple[int, ...]
    scale: float
    margin: float
    mode: str
    side: int

    def flops(self) -> int:
        """Floating-point operations for one image: two for each multiplication of the convolutions and the projection."""
        places = [(SIZE >> block) ** 2 for block, count in enumerate(self.convolutions) for _ in range(count)]
        return sum(2 * kernel.size * place for kernel, place in zip(self.weights[::5], [*places, 1], strict=True))


def task(*, device: str, width: float, batch: int, mode: str, side: int) -> Task:
    """Random weights and images of noise, the same ones every time."""
    from mousematch.heads import MARGIN, SCALE
    from mousematch.model import BLOCK_CONVOLUTIONS, BLOCK_FILTERS

    random, channels, shapes = np.random.default_rng(1), 3, []
    for filters, convolutions in zip(BLOCK_FILTERS, BLOCK_CONVOLUTIONS):
        for _ in range(convolutions):
            shapes.append((3, 3, channels, channels := max(4, round(filters * width))))
    weights = []
    for shape in [*shapes, (channels, EMBEDDING)]:
        n = shape[-1]
        weights.append(random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
        weights += [random.uniform(0.8, 1.2, n), random.normal(0, 0.1, n), random.normal(0, 0.1, n)]
        weights.append(random.uniform(0.5, 2, n))
    return Task(
        device,
        width,
        [array.astype(np.float32) for array in weights],
        random.random((batch, SIZE, SIZE, 3), np.float32),
        random.integers(0, PEOPLE, batch),
        random.normal(size=(EMBEDDING, PEOPLE)).astype(np.float32),
        BLOCK_CONVOLUTIONS,
        SCALE,
        MARGIN,
        mode,
        side,
    )


def timed(work: Callable[[], Any], count: int, wait: Callable[[Any], object]) -> float:
    """Seconds that each of so many calls takes; ``wait`` for the last one's result waits for the device."""
    wait(work())
    began = time.perf_counter()
    for _ in range(count):
        found = work()
    wait(found)
    return (time.perf_counter() - began) / count


class Keras:
    """The app's network, and its head and loss in training."""

    def __init__(self, task: Task) -> None:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if task.device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        elif not gpus:
            raise SystemExit("TensorFlow sees no GPU; make env on this machine installs the TensorFlow that does.")
        else:
            tf.config.experimental.set_memory_growth(gpus[0], True)
        tf.config.experimental.enable_tensor_float_32_execution(False)
        self._tf, self._task = tf, task
        self._given = tf.constant(task.images), tf.constant(task.people)
        self.title = f"TensorFlow {tf.__version__}"

    def _network(self, precision: str) -> Any:
        import keras

        from mousematch.model import build_model

        keras.config.set_dtype_policy("mixed_bfloat16" if precision == BFLOAT16 else FLOAT32)
        network = build_model(size=SIZE, width=self._task.width, embedding=EMBEDDING, dropout=0.0)
        network.set_weights(self._task.weights)
        return network

    def embeddings(self, precision: str) -> np.ndarray:
        network = self._network(precision)
        self._embed = self._tf.function(lambda images: network(images, training=False), jit_compile=True)
        return self._embed(self._given[0]).numpy()

    def losses(self, precision: str) -> list[float]:
        import keras

        from mousematch.heads import loss_of, with_head
        from mousematch.registry import EMBED

        classifier = with_head(self._network(precision), task=EMBED, classes=PEOPLE)
        classifier.get_layer("people").set_weights([self._task.directions])
        optimizer = keras.optimizers.AdamW(RATE, weight_decay=DECAY, epsilon=EPSILON)
        optimizer.build(classifier.trainable_variables)

        def step(images: Any, who: Any) -> Any:
            with self._tf.GradientTape() as tape:
                loss = self._tf.reduce_mean(loss_of(EMBED)(who, classifier(images, training=True)))
            variables = classifier.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss

        self._step = self._tf.function(step, jit_compile=True)
        return [float(self._step(*self._given)) for _ in range(STEPS)]

    def infer(self, count: int) -> float:
        return timed(lambda: self._embed(self._given[0]), count, lambda found: found.numpy())

    def train(self, count: int) -> float:
        return timed(lambda: self._step(*self._given), count, lambda found: found.numpy())

    def multiply(self, count: int) -> float:
        side = self._task.side
        left, right = (self._tf.cast(self._tf.random.normal((side, side)), "bfloat16") for _ in range(2))
        product = self._tf.function(lambda: self._tf.matmul(left, right))
        return timed(product, count, lambda found: found[0, 0].numpy())


class Torch:
    """The same in PyTorch."""

    def __init__(self, task: Task) -> None:
        import torch

        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        self._torch, self._task = torch, task
        # A view of (n, height, width, 3): channels_last already.
        self._images = torch.from_numpy(task.images).to(task.device).permute(0, 3, 1, 2)
        self._people = torch.from_numpy(task.people).to(task.device)
        where = torch.cuda.get_device_name() if task.device == "cuda" else "CPU"
        self.title = f"PyTorch {torch.__version__} on {where}"

    def _network(self) -> Any:
        torch, nn = self._torch, self._torch.nn

        class Network(nn.Module):  # type: ignore[misc]
            def __init__(self, layers: list[Any], projection: Any, normalisation: Any) -> None:
                super().__init__()
                self.blocks, self.projection, self.normalisation = nn.Sequential(*layers), projection, normalisation

            def forward(self, images: Any) -> Any:
                centred = (2.0 * images - 1.0).to(self.projection.weight.dtype)
                x = self.projection(self.blocks(centred).mean((2, 3)))
                return nn.functional.normalize(self.normalisation(x).float(), dim=1)

        def copied(module: Any, **arrays: np.ndarray) -> Any:
            for name, array in arrays.items():
                getattr(module, name).data.copy_(torch.from_numpy(np.ascontiguousarray(array)))
            return module

        def normalisation(kind: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
            made = kind(len(gamma), eps=1e-3, momentum=0.01)
            return copied(made, weight=gamma, bias=beta, running_mean=mean, running_var=variance)

        arrays, layers = iter(self._task.weights), []
        for convolutions in self._task.convolutions:
            for _ in range(convolutions):
                kernel = next(arrays).transpose(3, 2, 0, 1)
                layers.append(copied(nn.Conv2d(kernel.shape[1], len(kernel), 3, padding=1, bias=False), weight=kernel))
                layers += [normalisation(nn.BatchNorm2d, *(next(arrays) for _ in range(4))), nn.ReLU(inplace=True)]
            layers.append(nn.MaxPool2d(2))
        kernel = next(arrays).T
        projection = copied(nn.Linear(kernel.shape[1], EMBEDDING, bias=False), weight=kernel)
        network = Network(layers, projection, normalisation(nn.BatchNorm1d, *arrays))
        return network.to(self._task.device, memory_format=torch.channels_last)

    def embeddings(self, precision: str) -> np.ndarray:
        network = self._network().eval().to(getattr(self._torch, precision))
        self._embed = self._torch.compile(network, mode=self._task.mode)
        with self._torch.inference_mode():
            return self._embed(self._images).cpu().numpy()

    def losses(self, precision: str) -> list[float]:
        torch, F = self._torch, self._torch.nn.functional
        network, scale, margin = self._network().train(), self._task.scale, self._task.margin
        directions = torch.nn.Parameter(torch.tensor(self._task.directions, device=self._task.device))
        parameters = [*network.parameters(), directions]
        optimizer = torch.optim.AdamW(parameters, RATE, eps=EPSILON, weight_decay=DECAY, fused=True)

        def loss_of(images: Any, who: Any) -> Any:
            with torch.autocast(self._task.device, torch.bfloat16, enabled=precision == BFLOAT16):
                found = network(images)
            cosines = found @ F.normalize(directions, dim=0)
            return F.cross_entropy(scale * (cosines - margin * F.one_hot(who, PEOPLE)), who)

        compiled = torch.compile(loss_of, mode=self._task.mode)

        def step() -> Any:
            loss = compiled(self._images, self._people)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return loss.detach()

        self._step = step
        return [float(step()) for _ in range(STEPS)]

    def infer(self, count: int) -> float:
        with self._torch.inference_mode():
            return timed(lambda: self._embed(self._images), count, lambda found: found[0, 0].item())

    def train(self, count: int) -> float:
        return timed(self._step, count, lambda found: found.item())

    def multiply(self, count: int) -> float:
        side, where = self._task.side, self._task.device
        left, right = (self._torch.randn(side, side, device=where, dtype=self._torch.bfloat16) for _ in range(2))
        return timed(lambda: left @ right, count, lambda found: found[0, 0].item())
