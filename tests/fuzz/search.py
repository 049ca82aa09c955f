"""Running many programs, and making small those that fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .programs import Mismatch, PeerError, Program, World, check, shrink
from .steps import generate


@dataclass
class Report:
    """What running programs gave."""

    programs: int = 0
    found: list[tuple[Program, Mismatch]] = field(default_factory=list)  # as small as they get
    alone: list[str] = field(default_factory=list)  # what PyTorch could not run
    used: Counter[str] = field(default_factory=Counter)  # how often each step was taken


def search(
    seeds: Iterable[int],
    world: World | None = None,
    peer: World | None = None,
    most: int = 20,
    **options: Any,
) -> Report:
    """Run the programs of these seeds, until `most` have failed; against finite differences, if
    there is no `peer`. `options`: as `generate` takes them.
    """
    report = Report()
    for seed in seeds:
        program, steps = generate(seed, wide=peer is None, **options)
        report.programs += 1
        report.used.update(steps)
        try:
            mismatch = check(program, world, peer)
        except PeerError as error:
            report.alone.append(f"seed {seed}: {error}")
            continue
        if mismatch is not None:
            report.found.append(smallest(program, mismatch, world, peer))
            if len(report.found) == most:
                break
    return report


def smallest(
    program: Program, mismatch: Mismatch, world: World | None, peer: World | None
) -> tuple[Program, Mismatch]:
    def alike(p: Program) -> bool:
        other = check(p, world, peer)
        return other is not None and other.kind == mismatch.kind

    small = shrink(program, alike)
    return small, check(small, world, peer) or mismatch
