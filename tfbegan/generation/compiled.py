"""A generator as a compiled function: the inference path."""

import weakref
from collections.abc import Callable
from typing import Any

_FUNCTIONS: weakref.WeakKeyDictionary[Any, Callable[[Any], Any]] = (
    weakref.WeakKeyDictionary()
)


def compiled(model: Any) -> Callable[[Any], Any]:
    """The model's forward pass, traced once for batches of any size.

    Layer by layer a batch of 32 faces of 64 px (n = 16) takes three times as
    long, and a single face ten times.

    Args:
        model: A `Generator`.

    Returns:
        A function of what the model takes; it sees later changes of the
        model's weights. The same one for the same model.
    """
    if model not in _FUNCTIONS:
        _FUNCTIONS[model] = _compile(model)
    return _FUNCTIONS[model]


def _compile(model: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    # The function must not keep alive the key of a weak dictionary.
    reference: Callable[[], Any] = weakref.ref(model)

    @tf.function(input_signature=[_signature(model)])
    def forward(inputs: Any) -> Any:
        return reference()(inputs)

    return forward


def _signature(model: Any) -> Any:
    import tensorflow as tf

    noise = tf.TensorSpec([None, model.latent_dim], tf.float32)
    if not model.takes_sound:
        return noise
    audio = model.speech.audio
    windows = tf.TensorSpec([None, audio.window_frames, audio.n_mfcc])
    if model.conditioning == "audio":
        return {"mfcc": windows}
    return {"noise": noise, "mfcc": windows}
