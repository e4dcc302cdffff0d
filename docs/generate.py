# ruff: noqa: INP001 - a script; the package beside it holds the rest
"""Write everything that follows from the declaration of inputs and outputs.

`python docs/generate.py` writes `action.yml`, the tables of `README.md` and `docs/`, and the JSON
Schema; with `--check` it writes nothing and fails when one of them is out of date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from generator import action, markers, tables  # noqa: E402 - the path comes first

from gitops_action.core.config.schema import schema_text  # noqa: E402 - same
from gitops_action.core.inputs import ACTION_COMMANDS  # noqa: E402 - same

_FILLED = (
    "commands",
    "dora",
    "gates",
    "health",
    "permissions",
    "promotion",
    "troubleshooting",
    "validation",
)
"""Documents that have generated parts."""


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    filled = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in _FILLED)]
    return {
        ROOT / "action.yml": action.render(),
        **{
            ROOT / command.name / "action.yml": action.render_command(command)
            for command in ACTION_COMMANDS
        },
        ROOT / "docs" / "reference.md": tables.reference(),
        **{path: markers.fill(path, tables.SECTIONS) for path in filled},
        ROOT / "gitops_action" / "schemas" / "gitops.schema.json": schema_text(),
    }


def main() -> int:
    """Write or check; 1 when a check finds a file out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    stale = [
        path
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {path.relative_to(ROOT)}\n")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(generated()[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
