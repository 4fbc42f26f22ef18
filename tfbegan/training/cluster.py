"""Which machines train together: TF_CONFIG, as TensorFlow's tools set it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfbegan.errors import ConfigError

VARIABLE = "TF_CONFIG"

_EXAMPLE = (
    '{"cluster": {"worker": ["host-a:12345", "host-b:12345"]},'
    ' "task": {"type": "worker", "index": 0}}'
)


@dataclass(frozen=True)
class Cluster:
    """The workers of a job, and which of them this process is.

    Attributes:
        addresses: "host:port" of each, the chief's first.
        index: Of this process among them.
    """

    addresses: tuple[str, ...]
    index: int


def read_cluster(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that TF_CONFIG describes; None where it is not set.

    Args:
        environment: The process's environment variables.

    Raises:
        ConfigError: It is set and makes no sense.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _senseless(f"is not JSON ({error})") from error
    cluster, task = _part(content, "cluster"), _part(content, "task")
    jobs = {job: _addresses(job, cluster[job]) for job in cluster}
    if others := sorted(set(jobs) - {"chief", "worker"}):
        raise _senseless(
            f"has the job {others[0]!r}, and there are workers only, one of"
            " which may be called chief"
        )
    if len(jobs.get("chief", ())) > 1:
        raise _senseless("has more than one chief")
    addresses = (*jobs.get("chief", ()), *jobs.get("worker", ()))
    if not addresses:
        raise _senseless("has no worker in its cluster")
    if len(set(addresses)) < len(addresses):
        raise _senseless("gives two workers the same address")
    job, index = task.get("type"), task.get("index")
    if not isinstance(job, str) or job not in jobs:
        raise _senseless(f"has the task type {job!r}, which its cluster lacks")
    # True is no index, though Python counts with it.
    if type(index) is not int or not 0 <= index < len(jobs[job]):
        raise _senseless(
            f"has the task index {index!r}, and its cluster has"
            f" {len(jobs[job])} of type {job!r}"
        )
    before = len(jobs.get("chief", ())) if job == "worker" else 0
    return Cluster(addresses, before + index)


def _part(content: Any, name: str) -> dict[str, Any]:
    part = content.get(name) if isinstance(content, dict) else None
    if not isinstance(part, dict) or not part:
        raise _senseless(f"has no {name!r}")
    return part


def _addresses(job: str, value: Any) -> tuple[str, ...]:
    whole = isinstance(value, list) and all(
        isinstance(address, str) and _has_port(address) for address in value
    )
    if not whole:
        raise _senseless(f'lists no "host:port" addresses under {job!r}')
    return tuple(value)


def _has_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit()


def _senseless(reason: str) -> ConfigError:
    return ConfigError(
        f"{VARIABLE} {reason}. It should be like {_EXAMPLE}; unset it to train"
        " on this machine alone."
    )
