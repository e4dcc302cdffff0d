"""What is shown of a configuration: it reads back to the same, and names every origin."""

from __future__ import annotations

import json
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import Environment, load_config
from gitops_action.core.config.load import read_config
from gitops_action.core.config.resolved import Gates, HttpGate, RequiredCheck
from gitops_action.core.config.show import as_data, as_mermaid, as_yaml
from tests.support.configs import EXAMPLE, FILE

FULL = b"""\
version: 1
validate: {kubernetes: "1.34", schemas: [crds, "on"], unknown-kinds: error, remote-bases: true}
applications:
  web: {images: [web, ghcr.io/acme/web], source: acme/web}
  api: {}
environments:
  a: {path: .}
"""
DEEP = b"""\
version: 1
environments:
  end: &end
    path: apps/{application}/a b
    rollback: {mode: off, approvals: 2}
    deploy:
      engine: push
      prune: {max: 12.5%, confirm: []}
      conflicts: force
      drift: correct
      ignore:
        - {kind: Deployment, name: web, fields: [/spec/replicas, /a~1b/0], reason: "by: hand"}
        - {kind: Secret, fields: [/data], reason: x}
      health:
        timeout: 90s
        kinds: [{group: example.com, kind: Db, current: "status.a == 'x: y'", failed: "false"}]
  b:
    <<: *end
    path: apps/{application}/b
    formerly: [old]
    production: true
    url: "https://{application}.acme.dev/#top"
    after: [end]
    gates:
      soak: 1h30m
      windows: [{allow: "0 9 * * MON-FRI", for: 8h}]
      approvals: {count: 1, users: [alice, "dependabot[bot]"]}
      checks: ["ci / test, all", "yes"]
      http: [{url: "https://a.example/x?y=1", expect: 'response.body == "#ok"'}]
    deploy: {prune: {max: 3}}
"""


@pytest.mark.parametrize("data", [EXAMPLE, FULL, DEEP.replace(b"mode: off", b"mode: 'off'")])
def test_what_is_shown_reads_back_to_the_same(data: bytes) -> None:
    reading = read_config(FILE, data)
    assert reading.config, reading.problems
    text = as_yaml(reading.config, reading.document, {})
    again = load_config(FILE, f"{text}\n".encode())
    assert _without_lines(repr(again)) == _without_lines(repr(reading.config))


def _without_lines(text: str) -> str:
    return re.sub(r"line=\d+", "", text)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3),
    st.sampled_from(["1e3", "0x1", "~", "null", "yes", "=", "- a", "? b", "{x}", "a #b", "a: b"]),
)
def test_any_name_of_a_check_reads_back(checks: list[str], nasty: str) -> None:
    listed = json.dumps([*checks, nasty, f"{nasty}."])
    data = f"version: 1\nenvironments: {{a: {{path: a, gates: {{checks: {listed}}}}}}}\n"
    reading = read_config(FILE, data.encode())
    if reading.config is None:
        return  # characters that YAML does not have
    again = load_config(FILE, f"{as_yaml(reading.config, reading.document, {})}\n".encode())
    assert again.environments[0].gates == reading.config.environments[0].gates


def shown(data: bytes) -> dict[str, str]:
    reading = read_config(FILE, data)
    assert reading.config
    origins = as_data(reading.config, reading.document, {})["origins"]
    assert isinstance(origins, dict)
    return origins


def test_each_value_names_its_line_or_that_it_is_a_default() -> None:
    origins = shown(EXAMPLE)
    assert origins["environments.staging.merge"] == f"{FILE}:9"
    assert origins["environments.staging.merge-method"] == "default"
    assert origins["environments.production.deploy.targets[1].engine"] == f"{FILE}:27"
    assert origins["environments.production.deploy.health.timeout"] == f"{FILE}:29"
    assert origins["validate.kubernetes"] == "default"


def test_the_short_form_of_a_single_target_is_found_where_it_stands() -> None:
    origins = shown(EXAMPLE)
    assert origins["environments.staging.deploy.targets[0].engine"] == f"{FILE}:11"
    assert origins["environments.staging.deploy.targets[0].name"] == "default"


def test_a_merged_value_names_the_line_it_is_written_on() -> None:
    data = DEEP.replace(b"mode: off", b"mode: 'off'")
    assert shown(data)["environments.b.rollback.approvals"] == f"{FILE}:5"


def test_without_a_file_everything_is_a_default() -> None:
    reading = read_config(FILE, None)
    assert reading.config
    data = as_data(reading.config, None, {})
    assert isinstance(data["origins"], dict)
    assert set(data["origins"].values()) == {"default"}


def test_the_graph_follows_the_order_and_names_the_gates() -> None:
    text = as_mermaid(load_config(FILE, EXAMPLE).environments)
    assert text.splitlines()[0] == "flowchart LR"
    assert "e0 --> e1" in text
    for told in ("soak 1h", "deny 0 17 * * FRI for 2d15h (Europe/Berlin)", "2 approvals of acme"):
        assert told in text


EVERY_GATE = b"""\
version: 1
environments:
  staging: {path: b}
  production:
    path: a
    after: [staging]
    gates:
      soak: 1h
      windows: [{deny: "0 17 * * FRI", for: 1h}]
      approvals: {count: 2}
      checks: [ci/smoke]
      http: [{url: "https://status.acme.dev/ok", expect: "response.status == 200"}]
      provenance: {workflow: acme/web/.github/workflows/release.yml}
"""


def test_the_graph_has_every_gate_of_an_environment() -> None:
    text = as_mermaid(load_config(FILE, EVERY_GATE).environments)
    lines = text.partition('e1["')[2].split("<br/>")
    assert lines[2:8] == [
        "soak 1h",
        "deny 0 17 * * FRI for 1h (UTC)",
        "2 approvals",
        "checks: ci/smoke",
        "asks status.acme.dev",
        "built by acme/web/.github/workflows/release.yml",
    ]


def test_the_graph_of_some_environments_has_no_loose_arrows() -> None:
    (_, production) = load_config(FILE, EXAMPLE).environments
    assert "-->" not in as_mermaid([production])


@given(st.text(st.sampled_from(string.printable), max_size=20))
def test_no_text_leaves_its_label(path: str) -> None:
    line = path.replace("\n", " ").replace("\r", " ").replace("\x0b", " ").replace("\x0c", " ")
    gates = Gates(
        checks=(RequiredCheck(name=line),), http=(HttpGate(url="https://a.example/x", expect="x"),)
    )
    text = as_mermaid([Environment(name="end", path=line, gates=gates)])
    head, node = text.split("\n", 1)
    assert head == "flowchart LR"
    assert re.fullmatch(r'  e0\["[^"`&]*"\]', node)
    assert "<" not in node.replace("<br/>", "")
