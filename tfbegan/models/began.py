"""BEGAN: the model whose train_step is the paper's algorithm."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfbegan import equilibrium
from tfbegan.conditioning import ramp
from tfbegan.config import (
    Config,
    ModelConfig,
    ObjectiveConfig,
    SpeechConfig,
)
from tfbegan.models.autoencoder import Autoencoder
from tfbegan.models.compiled import run_compiled
from tfbegan.models.generator import Generator
from tfbegan.models.noise import StepNoise, draw_prior
from tfbegan.models.pairing import Draws, Pairing
from tfbegan.models.replicas import (
    Board,
    ReplicaAdam,
    mean_over_replicas,
)
from tfbegan.models.sync_critic import SyncCritic

Tensor = Any


@keras.saving.register_keras_serializable(package="tfbegan")
class BEGAN(keras.Model):
    """A boundary equilibrium GAN.

    `fit` trains it on batches of real faces: float32 [B, S, S, 3] in [-1, 1],
    or dictionaries with such a tensor under "image", and, where G takes sound,
    raw MFCC windows under "mfcc" and a number that is equal within a clip
    under "clip". Everything that training
    needs to go on is a weight: k, the step, the moving average of G's weights
    and the slots of both optimizers are saved with the model.

    Args:
        architecture: The networks; a `ModelConfig` or its dictionary.
        objective: The losses; an `ObjectiveConfig` or its dictionary.
        speech: Front end and mouth box of the data, a `SpeechConfig` or its
            dictionary; needed where G takes sound.
        ema_decay: Decay of the moving average of G's weights, in [0, 1).
        seed: Of the initial weights and of the noise of every step.
        **kwargs: Of `keras.Model`; `dtype="mixed_bfloat16"` and
            `"mixed_float16"` compute in half precision.

    Attributes:
        generator: G, as it is trained.
        ema_generator: G with the moving average of its weights: what
            generates.
        discriminator: D, an `Autoencoder`.
        critic: The `SyncCritic`, where there is sound and sync has a weight.
        k: float32 [], k_t in [0, 1].
        step: int64 [], steps done.
        noise: What every step draws, a `StepNoise`.
        interruption: None, or a float32 variable [] of this worker, whose
            mean over all workers is then logged; never saved.
        board: None, or where `fit` leaves a step's figures instead of
            returning them; to be set before `fit`.

    Example:
        >>> began = BEGAN(ModelConfig(image_size=32, filters=8))
        >>> began.compile(learning_rate=1e-4)
        >>> history = began.fit(faces, epochs=1)
        >>> began.generate(16, seed=0).shape
        (16, 32, 32, 3)

    Reference:
        Berthelot, Schumm, Metz, BEGAN, arXiv 1703.10717.
    """

    def __init__(
        self,
        architecture: ModelConfig | Mapping[str, Any] | None = None,
        objective: ObjectiveConfig | Mapping[str, Any] | None = None,
        speech: SpeechConfig | Mapping[str, Any] | None = None,
        ema_decay: float = 0.999,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        # Raw windows must arrive as they are; see AudioEncoder.
        super().__init__(**{"autocast": False, **kwargs})
        self.architecture = _as_config(ModelConfig, architecture)
        self.objective = _as_config(ObjectiveConfig, objective)
        self.speech = speech and _as_config(SpeechConfig, speech)
        self.ema_decay = ema_decay
        self.seed = seed
        self.generator = self._new_generator("generator")
        self.ema_generator = self._new_generator("ema_generator")
        self.ema_generator.trainable = False
        self.discriminator = self._new_network(
            Autoencoder, "discriminator", seed + 1_000
        )
        self.critic: Any = None
        self.pairing: Any = None
        if self.architecture.takes_sound:
            if self.objective.sync:
                self.critic = self._new_critic()
            self.pairing = Pairing(self.generator, self.critic, self.objective)
        self.k = self.add_weight(
            name="k", shape=(), initializer="zeros", dtype="float32",
            trainable=False,
        )  # fmt: skip
        self.step = self.add_weight(
            name="step", shape=(), initializer="zeros", dtype="int64",
            trainable=False,
        )  # fmt: skip
        self.noise = StepNoise(seed, self.step, self.architecture.latent_dim)
        self.generator_optimizer: Any = None
        self.discriminator_optimizer: Any = None
        self.critic_optimizer: Any = None
        self.interruption: Any = None
        self.board: Board | None = None
        self.train_function: Any = None
        self.built = True

    def _new_generator(self, name: str) -> Generator:
        return self._new_network(
            Generator,
            name,
            self.seed,
            conditioning=self.architecture.conditioning,
            speech=self.speech,
            audio_encoder=self.architecture.audio_encoder,
            look_flow=self.architecture.look_flow,
            film=self.architecture.film,
        )

    def _new_critic(self) -> SyncCritic:
        return SyncCritic(
            self.architecture.image_size,
            self.speech or {},
            seed=self.seed + 5_000,
            dtype=self.dtype_policy,
            name="critic",
        )

    def _new_network(
        self, kind: type, name: str, seed: int, **more: Any
    ) -> Any:
        return kind(
            image_size=self.architecture.image_size,
            filters=self.architecture.filters,
            latent_dim=self.architecture.latent_dim,
            skip_connections=self.architecture.skip_connections,
            vanishing_residuals=self.architecture.vanishing_residual_steps > 0,
            untied_bias=self.architecture.untied_bias,
            seed=seed,
            dtype=self.dtype_policy,
            name=name,
            **more,
        )

    # Training

    def compile(
        self,
        learning_rate: float = 1e-4,
        beta_1: float = 0.5,
        clip_norm: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Makes the two Adams.

        Args:
            learning_rate: Of both.
            beta_1: Decay of the mean gradient, of both.
            clip_norm: Global norm at which each network's gradient is
                clipped; 0 never clips.
            **kwargs: Of `keras.Model.compile`, such as `jit_compile`.
        """
        super().compile(optimizer=None, loss=None, **kwargs)
        self._compile_arguments = {
            "learning_rate": learning_rate,
            "beta_1": beta_1,
            "clip_norm": clip_norm,
            **kwargs,
        }
        self.generator_optimizer = self._new_adam("generator")
        self.discriminator_optimizer = self._new_adam("discriminator")
        # Built here, not at the first step: Keras loads the slots of an
        # optimizer only if it has them.
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(
            self.discriminator.trainable_variables
        )
        if self.critic is not None:
            self.critic_optimizer = self._new_adam("critic")
            self.critic_optimizer.build(self.critic.trainable_variables)

    def _new_adam(self, name: str) -> keras.optimizers.Optimizer:
        """In float16 it scales its loss, so that no gradient rounds to 0."""
        adam = ReplicaAdam(
            self._compile_arguments["learning_rate"],
            beta_1=self._compile_arguments["beta_1"],
            global_clipnorm=self._compile_arguments["clip_norm"] or None,
            name=f"{name}_adam",
        )
        if self.dtype_policy.compute_dtype != "float16":
            return adam
        return keras.optimizers.LossScaleOptimizer(adam, name=f"{name}_scale")

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`, for saving."""
        return dict(self._compile_arguments)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was."""
        self.compile(**config)

    @property
    def steps_done(self) -> int:
        """`step` as a number, also where it lives on several devices."""
        return int(ops.convert_to_numpy(self.step))

    @property
    def learning_rate(self) -> float:
        """Of both optimizers."""
        return float(
            ops.convert_to_numpy(self.generator_optimizer.learning_rate)
        )

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.generator_optimizer.learning_rate = value
        self.discriminator_optimizer.learning_rate = value
        if self.critic_optimizer is not None:
            self.critic_optimizer.learning_rate = value

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is left to build. Keras would take a batch to find out,
        and fail on a dictionary that several workers share."""

    def make_train_function(self, force: bool = False) -> Any:
        """Keras's; with a board, one that has nothing to average."""
        if self.board is None:
            return super().make_train_function(force)
        if self.train_function is None or force:
            strategy = self.distribute_strategy
            step = tf.function(
                lambda batch: strategy.run(self.train_step, args=(batch,)),
                autograph=False,
            )

            def train_function(iterator: Any) -> dict[str, Tensor]:
                step(next(iterator))
                return {}

            self.train_function = train_function
        return self.train_function

    def train_step(self, batch: Any) -> dict[str, Tensor]:
        """One step of the paper's algorithm on a batch of real faces.

        Every image passes D once forward and once backward: the gradient of
        L(G(z)) reaches D's weights and, through G(z), G's in one pass, because
        both updates share z.
        """
        batch = _as_batch(batch)
        images = batch["image"]
        noise = self.noise.latents(ops.shape(images)[0])
        self._fade_residuals()
        g_weights = self.generator.trainable_variables
        d_weights = self.discriminator.trainable_variables

        with tf.GradientTape() as real_tape:
            codes = self.discriminator.encode(images)
            real_error = self._error(images, self.discriminator.decode(codes))
            code_prior = self._code_prior(codes)
            real_loss = self.discriminator_optimizer.scale_loss(
                real_error + self.objective.code_prior * code_prior
            )
        of_real = real_tape.gradient(real_loss, d_weights)

        with tf.GradientTape(persistent=True) as fake_tape:
            fakes, additions = self._generate(noise, batch, codes)
            fakes = equilibrium.scale_gradient(
                fakes, self.objective.adversarial
            )
            fake_codes = self.discriminator.encode(fakes)
            fake_error = self._error(
                fakes, self.discriminator.decode(fake_codes)
            )
            g_loss = equilibrium.generator_loss(fake_error)
            for name, value in additions.items():
                g_loss += self._weight_of(name) * value
            g_loss = self.generator_optimizer.scale_loss(g_loss)
            code_distance = equilibrium.code_distance(fake_codes, noise)
            code_loss = self.generator_optimizer.scale_loss(code_distance)
        # The additions do not depend on D, so these are D's gradients of
        # L(G(z)) alone.
        of_fake, of_generator = fake_tape.gradient(
            g_loss, [d_weights, g_weights]
        )
        of_constraint, of_cycle = self._code_gradients(
            fake_tape, code_loss, d_weights, g_weights
        )
        del fake_tape
        of_fake, of_constraint = self._as_discriminator_scales(
            of_fake, of_constraint
        )

        # dL_D = dL(x) - k_t dL(G(z)), and what the config adds.
        of_discriminator = [
            real - self.k * fake + constraint
            for real, fake, constraint in zip(
                of_real, of_fake, of_constraint, strict=True
            )
        ]
        of_generator = [
            loss + cycle
            for loss, cycle in zip(of_generator, of_cycle, strict=True)
        ]
        critic_loss, of_critic = self._critic_gradients(batch)
        terms = {
            **self._code_logs(code_distance, code_prior),
            **additions,
            **critic_loss,
        }
        if self.interruption is not None:
            terms["interruption"] = self.interruption.read_value()

        of_discriminator, of_generator, of_critic, errors, values = (
            mean_over_replicas(
                of_discriminator,
                of_generator,
                of_critic,
                [real_error, fake_error],
                list(terms.values()),
            )
        )
        logs = self._logs(*errors, **dict(zip(terms, values, strict=True)))
        self.discriminator_optimizer.apply(of_discriminator, d_weights)
        self.generator_optimizer.apply(of_generator, g_weights)
        if self.critic is not None:
            self.critic_optimizer.apply(
                of_critic, self.critic.trainable_variables
            )
        self._update_k(*errors)
        self._update_average()
        self.step.assign_add(1)
        if self.board is not None:
            self.board.write(logs)
        return logs

    def test_step(self, batch: Any) -> dict[str, Tensor]:
        """L(x), L(G(z)) and M on held-out faces; changes nothing."""
        batch = _as_batch(batch)
        images = batch["image"]
        fakes = self.generator(
            self._inputs(self.noise.latents(ops.shape(images)[0]), batch)
        )
        errors = [
            self._error(images, self.discriminator(images)),
            self._error(fakes, self.discriminator(fakes)),
        ]
        (errors,) = mean_over_replicas(errors)
        return self._logs(*errors)

    def _error(self, images: Tensor, reconstructions: Tensor) -> Tensor:
        return equilibrium.reconstruction_error(
            images, reconstructions, self.objective.error_norm
        )

    def _generate(
        self, noise: Tensor, batch: Mapping[str, Tensor], codes: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The faces for D to judge, and additions to G's loss by name."""
        if self.pairing is not None:
            return self.pairing.generate(batch, self._draws(noise))
        if not self.objective.code_anchor:
            return self.generator(noise), {}
        inputs = ops.concatenate([noise, ops.stop_gradient(codes)], axis=0)
        fakes, anchored = ops.split(self.generator(inputs), 2, axis=0)
        anchor = equilibrium.reconstruction_error(batch["image"], anchored)
        return fakes, {"code_anchor": anchor}

    def _draws(self, noise: Tensor) -> Draws:
        count = ops.shape(noise)[0]
        prior, directions = self.noise.prior(count)
        return Draws(
            noise=noise,
            coins=self.noise.coins(count),
            prior=prior,
            directions=directions,
            jitter=self.noise.jitter(count),
        )

    def _weight_of(self, addition: str) -> Any:
        weight = getattr(self.objective, addition)
        if addition == "sync":
            weight *= ramp(self.step, self.objective.sound_ramp_steps)
        return weight

    def _critic_gradients(
        self, batch: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Its loss by name, and the gradients; nothing without a critic."""
        if self.critic is None:
            return {}, []
        with tf.GradientTape() as tape:
            loss = self.pairing.critic_loss(batch)
            scaled = self.critic_optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.critic.trainable_variables)
        return {"critic_loss": loss}, gradients

    def _code_prior(self, codes: Tensor) -> Tensor:
        """Of D's codes; with sound it is the look codes that z replaces."""
        if not self.objective.code_prior or self.pairing is not None:
            return ops.zeros(())
        return equilibrium.sliced_wasserstein(
            codes, *self.noise.prior(ops.shape(codes)[0])
        )

    def _code_logs(self, distance: Tensor, prior: Tensor) -> dict[str, Tensor]:
        """Of D's codes, which are held to z and the prior without sound."""
        if self.pairing is not None:
            return {}
        return {
            "code_constraint": distance,
            "code_cycle": distance,
            "code_prior": prior,
        }

    def _code_gradients(
        self, tape: tf.GradientTape, distance: Tensor, *weights: list
    ) -> list[list[Tensor]]:
        """Of |Enc(G(z)) - z|: the constraint for D, the cycle for G."""
        shares = (self.objective.code_constraint, self.objective.code_cycle)
        if not any(shares) or self.pairing is not None:
            return [[0.0] * len(of_network) for of_network in weights]
        return [
            [0.0 if g is None else share * g for g in gradients]
            for share, gradients in zip(
                shares, tape.gradient(distance, weights), strict=True
            )
        ]

    def _as_discriminator_scales(self, *gradients: list) -> list[list]:
        """Scaled gradients of G's tape in the scale of D's optimizer."""
        if self.dtype_policy.compute_dtype != "float16":
            return list(gradients)
        factor = (
            self.discriminator_optimizer.dynamic_scale
            / self.generator_optimizer.dynamic_scale
        )
        return [[factor * g for g in of_loss] for of_loss in gradients]

    def _update_k(self, real_error: Tensor, fake_error: Tensor) -> None:
        gain = self.objective.lambda_k
        if self.objective.relative_k:
            gain = equilibrium.relative_gain(gain, real_error)
        self.k.assign(
            equilibrium.next_k(
                self.k, real_error, fake_error, self.objective.gamma, gain
            )
        )

    def _update_average(self) -> None:
        """Moves the average of G's weights; exact mean over a short past."""
        step = ops.cast(self.step, "float32")
        decay = ops.minimum(self.ema_decay, (1 + step) / (10 + step))
        pairs = zip(
            self.ema_generator.weights, self.generator.weights, strict=True
        )
        for average, weight in pairs:
            average.assign(decay * average + (1 - decay) * weight)

    def _fade_residuals(self) -> None:
        fading_steps = self.architecture.vanishing_residual_steps
        if fading_steps:
            carry = equilibrium.carry(self.step, fading_steps)
            self.generator.set_carry(carry)
            self.discriminator.set_carry(carry)

    def _logs(
        self, real_error: Tensor, fake_error: Tensor, **additions: Tensor
    ) -> dict[str, Tensor]:
        """Of shape [1]: MultiWorkerMirroredStrategy reduces over axis 0."""
        gamma = self.objective.gamma
        logs = {
            "d_loss": equilibrium.discriminator_loss(
                real_error, fake_error, self.k
            ),
            "g_loss": equilibrium.generator_loss(fake_error),
            "real_error": real_error,
            "fake_error": fake_error,
            "k": self.k,
            "m_global": equilibrium.convergence_measure(
                real_error, fake_error, gamma
            ),
        }
        for name, value in additions.items():
            if getattr(self.objective, name, True):
                logs[name] = value
        return {
            name: ops.reshape(ops.convert_to_tensor(value), (1,))
            for name, value in logs.items()
        }

    # Use

    def call(self, inputs: Any) -> Tensor:
        """A `Generator`'s inputs to faces float32 [B, S, S, 3], unclipped."""
        return self.ema_generator(inputs)

    def generate(
        self, n: int, seed: int = 0, windows: np.ndarray | None = None
    ) -> np.ndarray:
        """Faces from noise, by the moving average of G's weights.

        Args:
            n: How many.
            seed: Equal seeds give equal faces.
            windows: Raw MFCC float32 [n, W, n_mfcc], where G takes sound.

        Returns:
            float32 [n, S, S, 3], clipped to [-1, 1].
        """
        noise = draw_prior([seed, 0], n, self.architecture.latent_dim)
        inputs = self._inputs(noise, {"mfcc": windows})
        return run_compiled(self.ema_generator, inputs)

    def _inputs(self, noise: Tensor, batch: Mapping[str, Any]) -> Any:
        """What G takes, of noise and the windows of a batch."""
        if not self.architecture.takes_sound:
            return noise
        if not self.generator.has_look:
            return {"mfcc": batch["mfcc"]}
        return {"noise": noise, "mfcc": batch["mfcc"]}

    def reconstruct(self, images: Any) -> np.ndarray:
        """D(x): float32 [B, S, S, 3] in [-1, 1] to the same, clipped."""
        return run_compiled(self.discriminator, images)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "architecture": self.architecture.to_dict(),
            "objective": self.objective.to_dict(),
            "speech": self.speech and self.speech.to_dict(),
            "ema_decay": self.ema_decay,
            "seed": self.seed,
        }


def _as_batch(batch: Any) -> Mapping[str, Tensor]:
    return batch if isinstance(batch, Mapping) else {"image": batch}


def _as_config(kind: type[Config], value: Any) -> Any:
    if value is None:
        return kind()
    return value if isinstance(value, kind) else kind.from_dict(dict(value))
