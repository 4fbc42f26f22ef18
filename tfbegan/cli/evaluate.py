"""`tfbegan evaluate`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

_COLUMNS = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.epilog = """Healthy is: faces are found at least 0.9 times as often
as in reals, the spread is at least 0.6 of theirs, the MS-SSIM of pairs at most
0.15 above theirs. The control is other reals. evaluation.json and
evaluation.png (generated faces over real ones) go beside the generator."""
    parser.add_argument(
        "source",
        nargs="?",
        help="run folder or .keras file (default: the newest run in ./runs)",
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="data set to compare with"
    )
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument(
        "-o", "--output", type=Path, help="folder (default: the run's)"
    )


def run(parsed: argparse.Namespace) -> int:
    """Runs the command; returns the exit code."""
    from rich.console import Console

    from tfbegan.data.dataset import open_dataset
    from tfbegan.evaluation.noise_report import IMAGES, measure_noise_mode
    from tfbegan.files import write_json
    from tfbegan.generation.loading import load_generator
    from tfbegan.generation.pictures import make_grid, save_png
    from tfbegan.generation.provenance import Provenance

    generator = load_generator(parsed.source)
    dataset = open_dataset(parsed.data)
    reals = dataset.images("train", 2 * IMAGES, seed=parsed.seed)
    real, control = np.split(reals[: len(reals) // 2 * 2], 2)
    fakes = generator.generate(IMAGES, parsed.seed)
    report = measure_noise_mode(*map(_as_float, (fakes, real, control)))
    folder = parsed.output or generator.path.parent
    figures = {
        **asdict(report),
        "detection_ratio": report.detection_ratio,
        "spread_ratio": report.spread_ratio,
        "ms_ssim_excess": report.ms_ssim_excess,
        "healthy": report.healthy,
        **_fall_of_m(generator.path.parent / "stats.jsonl"),
    }
    write_json(folder / "evaluation.json", figures)
    shown = np.concatenate([fakes[:64], real[:32]])
    save_png(
        folder / "evaluation.png",
        make_grid(shown, columns=_COLUMNS),
        Provenance.of_model(generator.model),
    )
    Console().print(_table(report))
    print(
        f"{'healthy' if report.healthy else 'NOT healthy'}:"
        f" faces {report.detection_ratio:.2f}, spread"
        f" {report.spread_ratio:.2f}, MS-SSIM {report.ms_ssim_excess:+.3f}."
        f" Look at {folder / 'evaluation.png'}."
    )
    return 0


def _as_float(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 127.5 - 1.0


def _table(report: Any) -> Any:
    from rich.table import Table

    table = Table("", "faces found", "spread", "MS-SSIM")
    for name in ("generated", "real", "control"):
        measures = getattr(report, name)
        table.add_row(
            name,
            f"{measures.detection_rate:.3f}",
            f"{measures.spread:.3f}",
            f"{measures.ms_ssim:.3f}",
        )
    return table


def _fall_of_m(stats: Path) -> dict[str, float]:
    """M in the first and the last row of a run's statistics."""
    if not stats.is_file():
        return {}
    rows = [json.loads(row) for row in stats.read_text().splitlines()]
    return {"m_first": rows[0]["m_global"], "m_last": rows[-1]["m_global"]}
