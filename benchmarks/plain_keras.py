"""BEGAN the way public TensorFlow code writes it, to be compared with.

Keras' own layers, three passes of D: reals, detached fakes, fakes again for G.
The networks are those of `tfbegan`, with their weights in their order.
"""

import keras
import numpy as np
import tensorflow as tf


def new_decoder(size: int, filters: int, latent_dim: int) -> keras.Model:
    """Code to image, with skip connections."""
    code = keras.Input((latent_dim,))
    x = keras.layers.Dense(8 * 8 * filters)(code)
    first_map = x = keras.layers.Reshape((8, 8, filters))(x)
    x = _two_convolutions(x, filters)
    while x.shape[1] < size:
        first_map = keras.layers.UpSampling2D()(first_map)
        x = keras.layers.UpSampling2D()(x)
        x = keras.layers.Concatenate()([x, first_map])
        x = _two_convolutions(x, filters)
    return keras.Model(code, keras.layers.Conv2D(3, 3, padding="same")(x))


def new_discriminator(size: int, filters: int, latent_dim: int) -> keras.Model:
    """Image to image."""
    image = keras.Input((size, size, 3))
    width = filters
    x = keras.layers.Conv2D(width, 3, padding="same", activation="elu")(image)
    x = _two_convolutions(x, width)
    while x.shape[1] > 8:
        width += filters
        x = keras.layers.Conv2D(
            width, 3, strides=2, padding="same", activation="elu"
        )(x)
        x = _two_convolutions(x, width)
    code = keras.layers.Dense(latent_dim)(keras.layers.Flatten()(x))
    return keras.Model(image, new_decoder(size, filters, latent_dim)(code))


class PlainKeras:
    """The plain loop.

    Args:
        size: Of the images, in pixels.
        filters: The paper's n.
        latent_dim: Length of z and of D's code.
        gamma: Diversity ratio.
        lambda_k: Gain of k.
    """

    def __init__(
        self,
        size: int,
        filters: int,
        latent_dim: int,
        gamma: float = 0.5,
        lambda_k: float = 0.001,
    ) -> None:
        self.latent_dim = latent_dim
        self.gamma = gamma
        self.lambda_k = lambda_k
        self.generator = new_decoder(size, filters, latent_dim)
        self.discriminator = new_discriminator(size, filters, latent_dim)
        self.g_adam = keras.optimizers.Adam(1e-4, beta_1=0.5)
        self.d_adam = keras.optimizers.Adam(1e-4, beta_1=0.5)
        self.g_adam.build(self.generator.trainable_variables)
        self.d_adam.build(self.discriminator.trainable_variables)
        self.k = tf.Variable(0.0)

    def load(
        self, generator: list[np.ndarray], discriminator: list[np.ndarray]
    ) -> None:
        """Takes the weights of `tfbegan`'s networks, in their order."""
        self.generator.set_weights(generator)
        self.discriminator.set_weights(discriminator)

    def errors(
        self, images: np.ndarray, noise: np.ndarray
    ) -> tuple[float, float]:
        """L(x) and L(G(z))."""
        return (
            float(self._error(tf.constant(images))),
            float(self._error(self.generator(noise))),
        )

    @tf.function
    def step(self, images: tf.Tensor) -> tf.Tensor:
        """Trains D, then G, on a batch; returns L(x)."""
        noise = tf.random.uniform(
            (tf.shape(images)[0], self.latent_dim), -1.0, 1.0
        )
        with tf.GradientTape() as tape:
            real_error = self._error(images)
            fakes = tf.stop_gradient(self.generator(noise))
            d_loss = real_error - self.k * self._error(fakes)
        weights = self.discriminator.trainable_variables
        self.d_adam.apply(tape.gradient(d_loss, weights), weights)
        with tf.GradientTape() as tape:
            g_loss = self._error(self.generator(noise))
        weights = self.generator.trainable_variables
        self.g_adam.apply(tape.gradient(g_loss, weights), weights)
        balance = self.gamma * real_error - g_loss
        self.k.assign(
            tf.clip_by_value(self.k + self.lambda_k * balance, 0.0, 1.0)
        )
        return real_error

    def _error(self, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.abs(images - self.discriminator(images)))


def _two_convolutions(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    for _ in range(2):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="elu")(x)
    return x
