"""Links to videos, fetched by yt-dlp into a cache.

What is fetched is not trusted: only http and https, no private addresses, caps
of size and duration, no playlists, and names that are hashes of video ids.
"""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tfbegan.errors import SourceError
from tfbegan.files import writing
from tfrecords_builder.plan import BuildPlan
from tfrecords_builder.sources import make_id

_ATTEMPTS = 3
_SCHEMES = ("http", "https")


def fetch_links(
    names: Sequence[str], cache: Path, plan: BuildPlan, allow_private: bool
) -> list[str | Path]:
    """Replaces links among the sources by the files they lead to.

    Args:
        names: Files, folders and links.
        cache: Folder for what is fetched; what is there is not fetched again.
        plan: Its caps of size and duration hold.
        allow_private: Whether links may lead to this machine or network.

    Returns:
        Names of files and folders, in the same order.

    Raises:
        SourceError: A link can't or may not be followed.
        OutputError: The cache can't be written.
    """
    return [
        _fetch(name, cache, plan, allow_private)
        if "://" in name or name.startswith("data:")
        else name
        for name in map(str, names)
    ]


def _fetch(
    link: str, cache: Path, plan: BuildPlan, allow_private: bool
) -> Path:
    try:
        scheme = urlsplit(link).scheme.lower()
    except ValueError as error:
        raise SourceError(
            f"The link {link!r} is none that can be followed ({error}). Name"
            " one as a browser shows it."
        ) from error
    if scheme not in _SCHEMES:
        raise SourceError(
            f"The link {link!r} is not followed: only http and https are."
            " Name a local file by its path."
        )
    import yt_dlp
    from tenacity import (
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        wait_exponential,
    )

    with writing(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with _only_public_addresses(allow_private) as refused:
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(_ATTEMPTS),
                wait=wait_exponential(multiplier=0.5, max=8),
                retry=retry_if_exception(_is_passing),
                reraise=True,
            ):
                with attempt:
                    return _download(link, cache, plan, yt_dlp)
        except yt_dlp.utils.YoutubeDLError as error:
            if refused:
                raise SourceError(
                    f"The link {link!r} leads to {refused[0]}, which is not a"
                    " public address. Use --allow-private-addresses if it"
                    " should."
                ) from error
            raise SourceError(
                f"The link {link!r} gave no video ({_first_line(error)})."
            ) from error
    raise SourceError(f"The link {link!r} gave no video.")


def _download(link: str, cache: Path, plan: BuildPlan, yt_dlp: Any) -> Path:
    options = {
        "quiet": True,
        "noprogress": True,
        "no_warnings": True,
        "noplaylist": True,
        "retries": 0,
        "socket_timeout": 20,
        "logger": _Silence(),
        "cachedir": False,
        "format": "best[height<=720]/best",
        "max_filesize": plan.max_source_bytes,
    }
    with yt_dlp.YoutubeDL(options) as inspector:
        info = inspector.extract_info(link, download=False)
    if info.get("_type", "video") != "video" or info.get("entries"):
        raise SourceError(
            f"The link {link!r} leads to a playlist. Name single videos."
        )
    duration = info.get("duration")
    if duration and duration > plan.max_source_s:
        raise SourceError(
            f"The video of {link!r} lasts {duration:.0f} s; the most is"
            f" {plan.max_source_s:g} s. Raise --max-source-s to fetch it."
        )
    size = info.get("filesize") or info.get("filesize_approx") or 0
    if size > plan.max_source_bytes:
        raise SourceError(
            f"The video of {link!r} has {size} bytes; the most is"
            f" {plan.max_source_bytes}. Raise --max-source-bytes to fetch it."
        )
    name = make_id(info.get("extractor_key"), info.get("id"), link)
    there = [p for p in cache.glob(f"{name}.*") if p.suffix != ".part"]
    if there:
        return there[0]
    options["outtmpl"] = {"default": str(cache / f"{name}.%(ext)s")}
    with yt_dlp.YoutubeDL(options) as downloader:
        downloader.extract_info(link, download=True)
    there = [p for p in cache.glob(f"{name}.*") if p.suffix != ".part"]
    if not there:
        raise SourceError(
            f"The video of {link!r} has more than {plan.max_source_bytes}"
            " bytes. Raise --max-source-bytes to fetch it."
        )
    return there[0]


class _Silence:
    """What yt-dlp has to say comes back as an exception instead."""

    def debug(self, message: str) -> None:
        """Not shown."""

    info = warning = error = debug


def _is_passing(error: BaseException) -> bool:
    """Whether trying again may help."""
    text = str(error)
    return any(
        sign in text
        for sign in (
            "timed out",
            "HTTP Error 5",
            "Connection reset",
            "IncompleteRead",
        )
    )


@contextlib.contextmanager
def _only_public_addresses(allow_private: bool) -> Iterator[list[str]]:
    """Refuses connections of this process to private addresses.

    At the socket, so that redirects and names that resolve to this machine
    are refused too, before a byte is sent.

    Yields:
        The addresses that were refused, as they come.
    """
    refused: list[str] = []
    if allow_private:
        yield refused
        return
    original = socket.getaddrinfo

    def checked(*arguments: Any, **options: Any) -> Any:
        found = original(*arguments, **options)
        for entry in found:
            address = ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
            if not address.is_global:
                refused.append(str(address))
                raise socket.gaierror(f"{address} is not a public address")
        return found

    socket.getaddrinfo = checked
    try:
        yield refused
    finally:
        socket.getaddrinfo = original


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].removeprefix("ERROR: ")[:300]
