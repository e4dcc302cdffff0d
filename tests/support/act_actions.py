"""What workflows use under act: the library from this checkout, and stand-ins for other actions.

The actions of others, which come from GitHub, are stood in for by ones of a few lines that take
the same inputs and give the same outputs; what is tested is everything between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from testbed.cache import ROOT
from testbed.demo.application import ACTION, Release
from testbed.demo.layouts import APPLICATION, NEW_TAG
from testbed.demo.stage import Stage
from tests.support.deploy_workflow import library

LIBRARY = "OWNER/gitops-action@v1"
# act does actions/checkout by itself.
_USED = re.compile(
    r"uses: (?P<name>(?!actions/checkout)[\w-]+/[\w-]+)(?P<path>/[\w-]+)?@(?P<commit>[0-9a-f]{40})"
)
_NOTHING = "runs: {using: composite, steps: [{run: 'true', shell: bash}]}\n"
# The key stands in for the token that it would be exchanged for.
_TOKEN = """\
inputs: {private-key: {required: true}}
outputs: {token: {value: "${{ inputs.private-key }}"}}
runs: {using: composite, steps: [{run: 'true', shell: bash}]}
"""
_BUILD = """\
inputs: {context: {}, tags: {}, labels: {}}
outputs: {digest: {value: "${{ steps.build.outputs.digest }}"}}
runs:
  using: composite
  steps:
    - id: build
      shell: bash
      env:
        TAGS: ${{ inputs.tags }}
        LABELS: ${{ inputs.labels }}
      run: |
        arguments=()
        while IFS= read -r tag; do arguments+=(--tag "$tag"); done <<<"$TAGS"
        while IFS= read -r label; do arguments+=(--label "$label"); done <<<"$LABELS"
        docker buildx build --quiet --push --provenance=false --metadata-file /tmp/metadata \\
          "${arguments[@]}" '${{ inputs.context }}'
        digest="$(sed -n 's/.*"containerimage.digest": "\\(.*\\)".*/\\1/p' /tmp/metadata)"
        echo "digest=$digest" >>"$GITHUB_OUTPUT"
"""
# The page that is kept is printed.
_PAGE = """\
inputs: {name: {}, path: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        sed 's/^/page: /' '${{ inputs.path }}/index.html'
        echo
"""
_PAGES = """\
outputs: {page_url: {value: "https://acme.github.io/environment/"}}
runs:
  using: composite
  steps:
    - shell: bash
      run: echo published at https://acme.github.io/environment/
"""
# What is kept is printed; a later run is given it as KEPT and the key as KEPT_KEY.
_SAVE = """\
inputs: {path: {required: true}, key: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        echo 'kept as: ${{ inputs.key }}'
        echo "kept: $(base64 --wrap=0 '${{ inputs.path }}')"
"""
_RESTORE = """\
inputs: {path: {required: true}, key: {required: true}, restore-keys: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        if [[ -n "$KEPT_KEY" && "$KEPT_KEY" == '${{ inputs.restore-keys }}'* ]]; then
          base64 --decode <<<"$KEPT" >'${{ inputs.path }}'
        fi
"""
_STAND_INS = {
    "actions/cache/restore": _RESTORE,
    "actions/cache/save": _SAVE,
    "actions/upload-artifact": _PAGE,
    "actions/upload-pages-artifact": _PAGE,
    "actions/deploy-pages": _PAGES,
    "docker/setup-buildx-action": _NOTHING,
    "docker/login-action": _NOTHING,
    "docker/build-push-action": _BUILD,
    "actions/create-github-app-token": _TOKEN,
}


def repositories(root: Path, action: str, *workflows: str) -> dict[str, Path]:
    """The library and the stand-ins, by the commits that the workflows name.

    Args:
        root: a folder for them.
        action: the action's image.
        workflows: texts of workflows, beside the library's own.
    """
    ours = library(root / "library", action)
    shipped = (path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml")))
    return {LIBRARY: ours, ACTION: ours, **stand_ins(root, *workflows, *shipped)}


def stand_ins(root: Path, *workflows: str) -> dict[str, Path]:
    """The stand-ins for what these workflows name by commit."""
    found = {}
    for used in _USED.finditer("\n".join(workflows)):
        path = f"{used['name']}{used['path'] or ''}"
        stand_in = _STAND_INS.get(path)
        if stand_in is None:
            continue  # of workflows that no test runs; act reports one that is missing
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path / "action.yml").write_text(f"name: stand-in\n{stand_in}")
        found[f"{used['name']}@{used['commit']}"] = root / used["name"]
    return found


def released(stage: Stage, files: Mapping[str, str]) -> Release:
    """Put an application template's files into its repository and push a tag."""
    # The template's base image is to be had from Docker Hub alone.
    small = {"Dockerfile": "FROM scratch\nCOPY server.py /\n"}
    stage.forge.repository(APPLICATION).commit(files={**files, **small}, message="From template")
    return stage.release(NEW_TAG)
