"""What stands on top of the embedding while training: one direction per person, or a softmax over classes."""

from __future__ import annotations

import keras

from mousematch.registry import EMBED

# The scale that cosines need before a softmax over a hundred classes can become confident, and the margin by which the
# right class has to win.
SCALE, MARGIN = 20.0, 0.1


class PersonCosines(keras.layers.Layer):  # type: ignore[misc]
    """Cosine of each embedding to one learned direction per person: (n, d) → (n, people)."""

    def __init__(self, people: int, **options: object) -> None:
        super().__init__(dtype="float32", **options)
        self.people = people

    def build(self, shape: tuple[int | None, int]) -> None:
        self.directions = self.add_weight(
            name="directions", shape=(shape[-1], self.people), initializer="glorot_uniform"
        )

    def call(self, embeddings: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(embeddings, keras.ops.normalize(self.directions, axis=0))


def margin_loss(people: keras.KerasTensor, cosines: keras.KerasTensor) -> keras.KerasTensor:
    """Additive-margin softmax loss per image (Wang et al. 2018): int (n,) and float (n, people) → (n,)."""
    right = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(people, (-1,)), "int32"), cosines.shape[-1])
    logits = SCALE * (cosines - MARGIN * right)
    return keras.losses.categorical_crossentropy(right, logits, from_logits=True)


class ClassLogits(keras.layers.Layer):  # type: ignore[misc]
    """Logits of a closed set of classes: (n, d) → (n, classes).

    The embedding has unit length, so the directions start at SCALE: shorter ones could not tell classes apart before
    they have grown.
    """

    def __init__(self, classes: int, **options: object) -> None:
        super().__init__(dtype="float32", **options)
        self.classes = classes

    def build(self, shape: tuple[int | None, int]) -> None:
        spread = keras.initializers.RandomNormal(stddev=SCALE / shape[-1] ** 0.5)
        self.directions = self.add_weight(name="directions", shape=(shape[-1], self.classes), initializer=spread)
        self.bias = self.add_weight(name="bias", shape=(self.classes,), initializer="zeros")

    def call(self, embeddings: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(embeddings, self.directions) + self.bias


def softmax_loss(classes: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy per image: int (n,) and float (n, classes) → (n,)."""
    return keras.losses.sparse_categorical_crossentropy(classes, logits, from_logits=True)


def with_head(embedder: keras.Model, *, task: str, classes: int) -> keras.Model:
    """The network with the head of a task, ready to be compiled with ``loss_of(task)``."""
    head = PersonCosines(classes, name="people") if task == EMBED else ClassLogits(classes, name="classes")
    return keras.Model(embedder.input, head(embedder.output), name="classifier")


def loss_of(task: str) -> object:
    """The loss function of a task's head."""
    return margin_loss if task == EMBED else softmax_loss


def embedder_of(classifier: keras.Model) -> keras.Model:
    """The part of a classifier up to the embedding."""
    return keras.Model(classifier.input, classifier.get_layer("embedding").output, name="mousematch_vgg16_bn")
