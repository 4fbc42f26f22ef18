"""The devices and machines that train one model, on tf.distribute.

Everything that a run must know of them is a `Team`. A team of one device does
what is asked of it and nothing else.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from tfbegan.data.pipeline import Share
from tfbegan.errors import ConfigError, RunError, TFBeganError
from tfbegan.training.cluster import VARIABLE, Cluster, read_cluster

STRATEGIES = ("auto", "mirrored", "multiworker")

_LOST_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
_LOST_WORDS = ("Collective ops is aborted", "Connection reset by peer")
_TEXT_BYTES = 4_096

T = TypeVar("T")


class Team:
    """All replicas of a model.

    Args:
        strategy: Of tf.distribute; None for one device.
        cluster: Of several workers, each with this strategy; None for one.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self.strategy = strategy
        self.cluster = cluster
        self._exchange = tf.function(self._gather_rows, autograph=False)

    @property
    def replicas(self) -> int:
        """Devices of all workers together."""
        if self.strategy is None:
            return 1
        return int(self.strategy.num_replicas_in_sync)

    @property
    def workers(self) -> int:
        """Processes."""
        return len(self.cluster.addresses) if self.cluster else 1

    @property
    def index(self) -> int:
        """Of this worker."""
        return self.cluster.index if self.cluster else 0

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes."""
        return self.index == 0

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """In which the model must be made."""
        if self.strategy is None:
            return contextlib.nullcontext()
        return self.strategy.scope()

    def check_batch(self, batch_size: int) -> None:
        """Whether every replica gets as many faces.

        Raises:
            ConfigError: They can't be shared evenly.
        """
        if batch_size % self.replicas:
            raise ConfigError(
                f"A batch of {batch_size} can't be shared evenly by"
                f" {self.replicas} devices. Take a --batch-size that is a"
                f" multiple of {self.replicas}."
            )

    def check_clips(self, clips: int) -> None:
        """Whether every worker gets a clip.

        Raises:
            ConfigError: There are more workers than clips.
        """
        if clips < self.workers:
            raise ConfigError(
                f"There are {clips} clips to learn from and {self.workers}"
                " workers, each of which reads clips of its own. Take fewer"
                " workers, or more footage."
            )

    def distribute(
        self, stream: Callable[[Share], tf.data.Dataset]
    ) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """The input of `fit`.

        Args:
            stream: Gives endless batches of a share.
        """
        if self.strategy is None:
            return stream(Share())
        parts = self.replicas // self.workers

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            batches = stream(Share(self.index, self.workers, parts))
            # Else the workers would ask each other for the end at every step.
            endless = tf.data.experimental.assert_cardinality(
                tf.data.INFINITE_CARDINALITY
            )
            return batches.apply(endless)

        return self.strategy.distribute_datasets_from_function(of_worker)

    def together(self, action: Callable[[], T]) -> T:
        """Does something on every worker, or fails on every one.

        Without this the others would wait for ever for a worker that gave up.

        Raises:
            TFBeganError: The action's own, or that another worker failed.
        """
        if self.cluster is None:
            return action()
        error: TFBeganError | None = None
        try:
            result = action()
        except TFBeganError as its_own:
            error = its_own
        failed = np.flatnonzero(self._gather([int(error is not None)])[:, 0])
        if len(failed):
            self._part()
        if error is not None:
            raise error
        if len(failed):
            raise RunError(
                f"{self._names(failed)} can't go on and said why, so this one"
                " ends too. Mend that, and start all workers again."
            )
        return result

    def chief_says(self, make: Callable[[], str]) -> str:
        """What the chief makes, on every worker; only the chief makes it.

        Raises:
            TFBeganError: As `together`.
        """
        text = self.together(lambda: make() if self.is_chief else "")
        if self.cluster is None:
            return text
        content = text.encode()[:_TEXT_BYTES]
        row = self._gather(list(content.ljust(_TEXT_BYTES, b"\0")))[0]
        return bytes(row.astype(np.uint8)).rstrip(b"\0").decode()

    def check_same(self, what: str, count: Callable[[], int]) -> None:
        """Whether all workers count the same number.

        Raises:
            RunError: They differ.
            TFBeganError: As `together`.
        """
        if self.cluster is None:
            return
        numbers = self._gather([self.together(count)])[:, 0]
        others = np.flatnonzero(numbers != numbers[0])
        if len(others):
            self._part()
            raise RunError(
                f"{self._names(others)} and worker 0 differ in {what}. Start"
                " all workers with the same command, on folders that they"
                " share."
            )

    @contextlib.contextmanager
    def watched(self, remedy: Callable[[], str]) -> Iterator[None]:
        """Tells a lost worker from other errors.

        Args:
            remedy: The sentence that says how to go on.

        Raises:
            RunError: Another worker ended, or can't be reached.
        """
        try:
            yield
        except (tf.errors.OpError, RuntimeError) as error:
            if self.cluster is None or not _is_loss(error):
                raise
            raise RunError(
                "Another worker has ended or can't be reached, so worker"
                f" {self.index} of {self.workers} stopped. {remedy()}"
            ) from error

    def _part(self) -> None:
        """Waits until every worker knows that all are about to end.

        A worker that ended as soon as it knew could take the connection away
        from one that was still being told, which then saw a lost worker
        instead of the reason. Once here, nobody needs to be told anything.
        """
        with contextlib.suppress(tf.errors.OpError, RuntimeError):
            self._gather([0])

    def _gather(self, numbers: list[int]) -> np.ndarray:
        """int64 [workers, len(numbers)]: what each worker gave."""
        rows = self._exchange(tf.constant([numbers], tf.int64)).numpy()
        return rows[:: self.replicas // self.workers]

    def _gather_rows(self, row: tf.Tensor) -> tf.Tensor:
        """[1, n] of each worker to [replicas, n]."""
        assert self.strategy is not None
        rows = self.strategy.run(lambda: tf.identity(row))
        return self.strategy.gather(rows, axis=0)

    @staticmethod
    def _names(workers: np.ndarray) -> str:
        listed = ", ".join(str(index) for index in workers)
        return f"Worker{'s' if len(workers) > 1 else ''} {listed}"


ALONE = Team()


def open_team(
    name: str,
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Team:
    """The team that `--strategy` asks for.

    To be called before TensorFlow computes anything: the workers' connections
    are made when its runtime starts.

    Args:
        name: "mirrored", all devices of this machine; "multiworker", those of
            all machines in TF_CONFIG; "auto", whichever of them there are
            several of, else one device.
        environment: The environment variables; None takes the process's.
        say: Is told for whom this waits.

    Raises:
        ConfigError: There is no such strategy, or TF_CONFIG is missing or
            makes no sense.
        RunError: The workers can't be connected.
    """
    if name not in STRATEGIES:
        raise ConfigError(
            f"There is no strategy {name!r}. There are: {', '.join(STRATEGIES)}"
        )
    cluster = None
    if name != "mirrored":
        cluster = read_cluster(
            os.environ if environment is None else environment
        )
    if name == "multiworker" and cluster is None:
        raise ConfigError(
            f"--strategy multiworker needs {VARIABLE}, which lists the workers"
            " and says which of them this is. Set it, or take --strategy"
            " mirrored to train on this machine alone."
        )
    if cluster is not None and len(cluster.addresses) > 1:
        say(
            f"Worker {cluster.index} of {len(cluster.addresses)}, at"
            f" {cluster.addresses[cluster.index]}, waits for the others."
        )
        return Team(_connected(cluster), cluster)
    if name == "auto" and len(tf.config.list_physical_devices("GPU")) < 2:
        return ALONE
    strategy = tf.distribute.MirroredStrategy()
    return Team(strategy) if strategy.num_replicas_in_sync > 1 else ALONE


def _connected(cluster: Cluster) -> tf.distribute.Strategy:
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(
            f"Worker {cluster.index} of {len(cluster.addresses)}, at"
            f" {cluster.addresses[cluster.index]}, can't join the others"
            f" ({reason}). Check the addresses in {VARIABLE}, and that no other"
            " process holds the port."
        ) from error


def _is_loss(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, _LOST_ERRORS) or any(
        words in text for words in _LOST_WORDS
    )
