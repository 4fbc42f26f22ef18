"""The mathematics of BEGAN, as pure functions of tensors.

Berthelot, Schumm, Metz, "BEGAN: Boundary Equilibrium Generative Adversarial
Networks", arXiv 1703.10717, section 3. Images are float32 in [-1, 1] and every
loss is taken in that range, unclipped. No state, no networks: `keras.ops`
alone.
"""

from typing import Any

from keras import ops

Tensor = Any


def reconstruction_error(
    images: Tensor, reconstructions: Tensor, error_norm: int = 1
) -> Tensor:
    """L(v) = |v - D(v)|^eta, averaged over pixels, channels and batch.

    Equation 1 of the paper.

    Args:
        images: float32 [B, H, W, C], in [-1, 1].
        reconstructions: float32 [B, H, W, C].
        error_norm: The paper's eta, 1 or 2.

    Returns:
        float32 [], at least 0.
    """
    difference = images - reconstructions
    if error_norm == 1:
        return ops.mean(ops.abs(difference))
    return ops.mean(ops.square(difference))


def discriminator_loss(
    real_error: Tensor, fake_error: Tensor, k: Tensor
) -> Tensor:
    """L_D = L(x) - k_t L(G(z_D)). Section 3.3."""
    return real_error - k * fake_error


def generator_loss(fake_error: Tensor) -> Tensor:
    """L_G = L(G(z_G)). Section 3.3."""
    return fake_error


def scale_gradient(values: Tensor, scale: float) -> Tensor:
    """The same values, through which a gradient flows back `scale` times."""
    if scale == 1.0:
        return values
    return scale * values + (1.0 - scale) * ops.stop_gradient(values)


def balance(real_error: Tensor, fake_error: Tensor, gamma: float) -> Tensor:
    """gamma L(x) - L(G(z)): what the control of k drives to 0."""
    return gamma * real_error - fake_error


def next_k(
    k: Tensor, real_error: Tensor, fake_error: Tensor, gamma: float, gain: Any
) -> Tensor:
    """k_{t+1} = clip(k_t + lambda_k (gamma L(x) - L(G(z))), 0, 1).

    Args:
        k: float32 [], k_t in [0, 1].
        real_error: float32 [], L(x).
        fake_error: float32 [], L(G(z)).
        gamma: The diversity ratio, in (0, 1].
        gain: lambda_k; see `relative_gain` for a gain in units of L(x).

    Returns:
        float32 [], k_{t+1} in [0, 1]; k_t where an error is not finite, so
        that k never leaves its interval (the training loop stops then).
    """
    moved = k + gain * balance(real_error, fake_error, gamma)
    return ops.where(ops.isfinite(moved), ops.clip(moved, 0.0, 1.0), k)


def relative_gain(lambda_k: float, real_error: Tensor) -> Tensor:
    """lambda_k / L(x): k then moves by lambda_k (gamma - L(G(z)) / L(x)).

    Not in the paper. The paper's gain suits runs of hundreds of thousands of
    steps; in units of L(x) one value suits every stage of a short run.
    """
    return lambda_k / ops.maximum(real_error, 1e-6)


def convergence_measure(
    real_error: Tensor, fake_error: Tensor, gamma: float
) -> Tensor:
    """M_global = L(x) + |gamma L(x) - L(G(z))|. Section 3.4.1."""
    return real_error + ops.abs(balance(real_error, fake_error, gamma))


def carry(step: Tensor, carry_steps: int) -> Tensor:
    """The carry c of the vanishing residuals: from 1 to 0 in `carry_steps`.

    Section 3.5: in_{x+1} = c in_x + (1 - c) out_x.
    """
    progress = ops.cast(step, "float32") / float(carry_steps)
    return ops.clip(1.0 - progress, 0.0, 1.0)


def code_distance(codes: Tensor, noise: Tensor) -> Tensor:
    """Mean |Enc(G(z)) - z|: the code constraint of BEGAN-CS.

    Chang, Chan, Cheng, Wang, "Escaping from Collapsing Modes in a Constrained
    Space", arXiv 1808.07258.

    Args:
        codes: float32 [B, h].
        noise: float32 [B, h].
    """
    return ops.mean(ops.abs(codes - noise))


def sliced_wasserstein(
    codes: Tensor, prior: Tensor, directions: Tensor
) -> Tensor:
    """Distance between a batch of codes and samples of the prior.

    Along each direction both sets are sorted, and their quantiles compared
    (Kolouri et al., "Sliced-Wasserstein Autoencoder", arXiv 1804.01947). The
    prior may have m times as many samples as there are codes: each code is
    then compared with the mean of its m neighbours, which makes the quantiles
    of a small batch less noisy.

    Args:
        codes: float32 [B, h].
        prior: float32 [m B, h].
        directions: float32 [P, h], of length 1.

    Returns:
        float32 [], the mean absolute difference of the quantiles.
    """
    count = ops.shape(codes)[0]
    along = ops.transpose(directions)
    code_quantiles = ops.sort(ops.matmul(codes, along), axis=0)  # [B, P]
    prior_quantiles = ops.sort(ops.matmul(prior, along), axis=0)  # [m B, P]
    prior_quantiles = ops.mean(
        ops.reshape(prior_quantiles, (count, -1, ops.shape(along)[1])), axis=1
    )  # [B, P]
    return ops.mean(ops.abs(code_quantiles - prior_quantiles))
