"""The page of the first ten minutes: its commands are run, and what it names is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from testbed.demo.layouts import ENGINES, LAYOUTS
from tests.integration.test_init_docs import ROOT, shell

PAGE = (ROOT / "docs" / "ten-minutes.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ten") / "minutes"
    folder.mkdir()
    (code,) = re.findall(
        r"<!-- run: empty -->\n\n```shell\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )
    shell(code, folder)
    return folder


def test_names_that_the_page_tells_of_are_in_the_administrators_folder(written: Path) -> None:
    (folder,) = re.findall(r"^kubectl apply -k (\S+)$", PAGE, re.MULTILINE)
    assert (written / folder / "kustomization.yaml").is_file()
    texts = [path.read_text(encoding="utf-8") for path in (written / folder).glob("*.yaml")]
    objects = [one for text in texts for one in yaml.safe_load_all(text) if one]
    names = {(one["kind"], one["metadata"]["name"]) for one in objects if "metadata" in one}
    assert ("Namespace", "applications") in names
    (source,) = [one for one in objects if one["kind"] == "GitRepository"]
    secret = source["spec"]["secretRef"]["name"]
    accounts = {name for kind, name in names if kind == "ServiceAccount"}
    assert set(re.findall(r"applications-[\w-]+", PAGE)) == {secret, *accounts}
    assert f"flux create secret git {secret} --url {source['spec']['url']}\n" in PAGE


def test_workflows_and_files_that_the_page_tells_of_are_written(written: Path) -> None:
    for place, names in {"environment": ("validate", "deploy"), "web": ("release",)}.items():
        for name in names:
            assert f"`{name}`" in PAGE
            assert (written / place / ".github" / "workflows" / f"{name}.yml").is_file()
    assert (written / "environment" / "applications" / "web" / "deployment.yaml").is_file()
    settings = (written / "environment" / ".github" / "gitops.yaml").read_text(encoding="utf-8")
    (asked,) = re.findall(r"gitops-action deploy .*--environment (\S+)", PAGE)
    assert asked in yaml.safe_load(settings)["environments"]


def test_the_demo_takes_what_the_page_gives_it() -> None:
    (engine, layout) = re.findall(r"^make demo ENGINE=(\w+) LAYOUT=(\w+)$", PAGE, re.MULTILINE)[0]
    assert engine in ENGINES
    assert layout in LAYOUTS
