"""What G learns from true pairs of face and sound, beside BEGAN's loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras import ops

from tfbegan import conditioning, equilibrium
from tfbegan.config import ObjectiveConfig
from tfbegan.models.generator import Generator
from tfbegan.models.sync_critic import SyncCritic

Tensor = Any

FLOW_JITTER = 0.05
"""On the codes that the flow learns from: it is to know where codes are, and
not each frame of the footage."""


@dataclass(frozen=True)
class Draws:
    """The random numbers of a step.

    Attributes:
        noise: z, float32 [B, h].
        coins: float32 [B] in [0, 1]: which frames take the code of a mate.
        prior: float32 [m B, h]; see `equilibrium.sliced_wasserstein`.
        directions: float32 [P, h], likewise.
        jitter: float32 [B, h], normal of standard deviation 1.
    """

    noise: Tensor
    coins: Tensor
    prior: Tensor
    directions: Tensor
    jitter: Tensor


class Pairing:
    """Makes a step's faces and the named terms of G's loss.

    Every term is switched and weighted by the field of `ObjectiveConfig` of
    the same name.

    Args:
        generator: G, which takes sound.
        critic: Tells whether mouth and sound fit; None where sync is 0.
        objective: What is switched on.
    """

    def __init__(
        self,
        generator: Generator,
        critic: SyncCritic | None,
        objective: ObjectiveConfig,
    ) -> None:
        self.generator = generator
        self.critic = critic
        self.objective = objective

    def generate(
        self, batch: Mapping[str, Tensor], draws: Draws
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The faces for D to judge, and the terms.

        Args:
            batch: "image": float32 [B, S, S, 3]; "mfcc": raw windows float32
                [B, W, n_mfcc]; "clip": int64 [B], equal within a clip.
            draws: What is random.

        Returns:
            float32 [B, S, S, 3], and each term by its name, unweighted.
        """
        images = batch["image"]
        sound = self.generator.hear(batch["mfcc"])
        terms: dict[str, Tensor] = {}
        if not self.generator.has_look:
            anchored = fakes = self.generator.paint(None, sound)
            is_mate = ops.zeros_like(draws.coins)
        else:
            looks = self.generator.encode(images)
            mates, has_mate = _of_mates(looks, batch["clip"])
            is_mate = has_mate * ops.cast(
                draws.coins < self.objective.mate_share, "float32"
            )
            anchors = ops.where(is_mate[:, None] > 0, mates, looks)
            free = ops.stop_gradient(self.generator.code_of(draws.noise))
            if self.generator.conditioning == "audio+face":
                free = ops.stop_gradient(mates)
            fakes, anchored = ops.split(
                self.generator.paint(
                    ops.concatenate([free, anchors], axis=0),
                    ops.concatenate([sound, sound], axis=0),
                ),
                2,
                axis=0,
            )
            if self.objective.code_prior:
                terms["code_prior"] = equilibrium.sliced_wasserstein(
                    looks, draws.prior, draws.directions
                )
            if self.objective.code_cycle:
                terms["code_cycle"] = equilibrium.code_distance(
                    self.generator.encode(fakes), free
                )
            if self.generator.flow is not None:
                # At weight 0 too: G's flow has no gradient but by this term.
                terms["code_flow"] = self._surprise(looks, draws.jitter)
        if self.objective.code_anchor:
            terms["code_anchor"] = conditioning.paired_error(
                images, anchored, self._pixel_weights(is_mate)
            )
        if self.critic is not None:
            terms["sync"] = _sync(self.critic, fakes, anchored, batch["mfcc"])
        if self.objective.motion:
            terms["motion"] = conditioning.motion_distance(
                self._mouths(images),
                self._mouths(anchored),
                _same_clip(batch["clip"]),
            )
        if self.objective.detail:
            norm = self.objective.detail_norm
            terms["detail"] = conditioning.detail_distance(
                images, anchored, norm
            )
            if fakes is not anchored:
                terms["detail"] += conditioning.mean_detail_distance(
                    images, fakes, norm
                )
        if self.objective.fixed_pattern:
            terms["fixed_pattern"] = conditioning.fixed_pattern(
                images, anchored, self._is_pair(is_mate)
            )
        return fakes, terms

    def critic_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What the critic learns from: real pairs. 0 without a critic."""
        if self.critic is None:
            return ops.zeros(())
        return _contrast(self.critic, batch["image"], batch["mfcc"])

    def _surprise(self, looks: Tensor, jitter: Tensor) -> Tensor:
        """Of the flow alone: codes are no easier to expect if they shrink."""
        around = ops.stop_gradient(looks) + FLOW_JITTER * jitter
        return self.generator.flow.negative_log_likelihood(around)

    def _is_pair(self, is_mate: Tensor) -> Tensor:
        """float32 [B, S, S, 1]: a mate shares the look, but not the pose."""
        outside = 1.0 - is_mate[:, None, None, None]
        return ops.maximum(self.generator.mouth, outside)

    def _pixel_weights(self, is_mate: Tensor) -> Tensor:
        """float32 [B, S, S, 1], of the anchor."""
        more = (self.objective.mouth_weight - 1.0) * self.generator.mouth
        if self.generator.has_look:  # a sound does not know of blinks
            own = 1.0 - is_mate[:, None, None, None]
            weight = self.objective.eye_weight - 1.0
            more = more + own * weight * self.generator.eyes
        return self._is_pair(is_mate) + more

    def _mouths(self, images: Tensor) -> Tensor:
        rows, columns = self.generator.mouth_slices
        return images[:, rows, columns]


def _sync(
    critic: SyncCritic, fakes: Tensor, anchored: Tensor, windows: Tensor
) -> Tensor:
    of_fakes = _contrast(critic, fakes, windows)
    if fakes is anchored:
        return of_fakes
    return 0.5 * (of_fakes + _contrast(critic, anchored, windows))


def _contrast(critic: SyncCritic, images: Tensor, windows: Tensor) -> Tensor:
    mouths, sounds = critic({"image": images, "mfcc": windows})
    return conditioning.contrastive_loss(mouths, sounds, critic.temperature)


def _same_clip(clips: Tensor) -> Tensor:
    """float32 [B, B]: 1 where two different frames are of one clip."""
    count = ops.shape(clips)[0]
    same = ops.cast(clips[:, None] == clips[None], "float32")
    return same * (1.0 - ops.eye(count))


def _of_mates(codes: Tensor, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Each frame gets the code of another one of its clip.

    Returns:
        [B, h], the frame's own code where it is alone, and float32 [B], 0
        where it is alone.
    """
    before, after = ops.roll(clips, 1, axis=0), ops.roll(clips, -1, axis=0)
    # The neighbour of a frame that is the whole batch is itself.
    several = ops.shape(clips)[0] > 1
    has_before = ops.logical_and(before == clips, several)
    has_mate = ops.logical_and(
        ops.logical_or(has_before, after == clips), several
    )
    mates = ops.where(
        has_before[:, None],
        ops.roll(codes, 1, axis=0),
        ops.where(
            (after == clips)[:, None], ops.roll(codes, -1, axis=0), codes
        ),
    )
    return mates, ops.cast(has_mate, "float32")
