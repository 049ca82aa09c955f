"""The package as users get it: build wheel and sdist, and use each away from the sources.

`make package`. The wheel, alone in an environment, prints its version, trains, and runs the
README's code; the sdist, unpacked and installed, runs its own quick tests. Needs `build`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = r"""
import re, sys
import autograd, nn, optim
assert all("site-packages" in package.__file__ for package in (autograd, nn, optim))
text = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
assert len(blocks) >= 4
names = {}
for block in blocks:
    exec(compile(block, "README.md", "exec"), names)
"""


def run(*command: str | Path, inside: Path) -> None:
    print("$", *command, flush=True)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run(command, cwd=inside, env=environment | {"MPLBACKEND": "agg"}, check=True)


def installed(package: str, folder: Path) -> Path:
    """The programs of a new environment in `folder` that has `package`."""
    run(sys.executable, "-m", "venv", folder, inside=folder.parent)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, package, inside=folder)
    return programs


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        away = Path(name)
        # The sdist, and out of it the wheel: what was forgotten in the one is missing in the other.
        run(sys.executable, "-m", "build", "--outdir", away, ROOT, inside=away)
        (wheel,), (sdist,) = away.glob("*.whl"), away.glob("*.tar.gz")

        programs = installed(str(wheel), away / "wheel")
        run(programs / "plaingrad", "--version", inside=away)
        run(programs / "plaingrad", "train", "circles", "--epochs", "50", inside=away)
        readme = ROOT / "README.md"
        run(programs / "python", "-I", "-c", README, readme, inside=away)

        programs = installed(f"{sdist}[test]", away / "sdist")
        with tarfile.open(sdist) as archive:
            archive.extractall(away, filter="data")
        unpacked = away / sdist.name.removesuffix(".tar.gz")
        run(programs / "python", "tests/quick.py", inside=unpacked)


if __name__ == "__main__":
    main()
