"""Networks as compiled functions: the inference path."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

_FUNCTIONS: weakref.WeakKeyDictionary[Any, Callable[[Any], Any]] = (
    weakref.WeakKeyDictionary()
)
_INVERSES: weakref.WeakKeyDictionary[Any, Callable[[Any], Any]] = (
    weakref.WeakKeyDictionary()
)
_BATCH = 64


def compiled(network: Any) -> Callable[[Any], Any]:
    """The network's forward pass, traced once for batches of any size.

    Layer by layer a batch of 32 faces of 64 px (n = 16) takes three times as
    long, and a single face ten times.

    Args:
        network: A `Generator` or an `Autoencoder`.

    Returns:
        A function of what the network takes; it sees later changes of the
        network's weights. The same one for the same network.
    """
    if network not in _FUNCTIONS:
        _FUNCTIONS[network] = _compile(network)
    return _FUNCTIONS[network]


def run_compiled(network: Any, inputs: Any) -> np.ndarray:
    """The network's answer to any number of inputs, 64 at a time.

    Args:
        network: A `Generator` or an `Autoencoder`.
        inputs: An array or, by name, arrays of what it takes; at least 1.

    Returns:
        float32 [N, S, S, 3], clipped to [-1, 1].
    """
    forward = compiled(network)
    parts = [np.asarray(forward(part)) for part in _batches(inputs)]
    return np.clip(np.concatenate(parts), -1.0, 1.0)


def compiled_inverse(generator: Any) -> Callable[[Any], Any]:
    """From look codes to z, traced once for batches of any size.

    Layer by layer the inverse of a flow takes as long as painting 32 faces.

    Args:
        generator: A `Generator` with a look encoder.

    Returns:
        A function of codes, float [B, latent_dim].
    """
    if generator not in _INVERSES:
        _INVERSES[generator] = _compile_inverse(generator)
    return _INVERSES[generator]


def _batches(inputs: Any) -> list[Any]:
    if isinstance(inputs, dict):
        by_name = {name: _batches(values) for name, values in inputs.items()}
        return [
            dict(zip(by_name, parts, strict=True))
            for parts in zip(*by_name.values(), strict=True)
        ]
    return [
        inputs[start : start + _BATCH]
        for start in range(0, len(inputs), _BATCH)
    ]


def _compile(network: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    # The function must not keep alive the key of a weak dictionary.
    reference: Callable[[], Any] = weakref.ref(network)

    @tf.function(input_signature=[_signature(network)], autograph=False)
    def forward(inputs: Any) -> Any:
        return reference()(inputs)

    # TensorFlow counts the traces of all networks together and, after a
    # few, warns of a function that is traced too often.
    concrete = forward.get_concrete_function()
    return lambda inputs: concrete(_as_tensors(inputs))


def _compile_inverse(generator: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    reference: Callable[[], Any] = weakref.ref(generator)
    signature = tf.TensorSpec([None, generator.latent_dim], tf.float32)

    @tf.function(input_signature=[signature], autograph=False)
    def invert(codes: Any) -> Any:
        return reference().latent_of(codes)

    concrete = invert.get_concrete_function()
    return lambda codes: concrete(_as_tensors(codes))


def _as_tensors(inputs: Any) -> Any:
    import tensorflow as tf

    if isinstance(inputs, dict):
        return {name: _as_tensors(values) for name, values in inputs.items()}
    return tf.convert_to_tensor(inputs, tf.float32)


def _signature(network: Any) -> Any:
    import tensorflow as tf

    from tfbegan.models.autoencoder import Autoencoder

    if isinstance(network, Autoencoder):
        size = network.image_size
        return tf.TensorSpec([None, size, size, 3], tf.float32)
    noise = tf.TensorSpec([None, network.latent_dim], tf.float32)
    if not network.takes_sound:
        return noise
    audio = network.speech.audio
    windows = tf.TensorSpec([None, audio.window_frames, audio.n_mfcc])
    if network.conditioning == "audio":
        return {"mfcc": windows}
    return {"noise": noise, "mfcc": windows}
