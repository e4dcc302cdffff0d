"""What goes wrong while rendering: told with file and line, and never a way out."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gitops_action.adapters.renderer import KustomizeRenderer, Limits, find_kubectl
from gitops_action.core.rendering import RemoteBaseError
from tests.support.renders import CONFIG_MAP, by_name, render, repository, runner, told

BASE = {
    "base/kustomization.yaml": "resources: [a.yaml, b.yaml, c.yaml]\n",
    "base/a.yaml": CONFIG_MAP % "a",
    "base/b.yaml": CONFIG_MAP % "b",
    "base/c.yaml": CONFIG_MAP % "c",
    "env/kustomization.yaml": "resources: [../base]\n",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"base/b.yaml": "a: 1\nb: [\n"}, ["base/b.yaml:3:1: file is not valid YAML"]),
        (
            {"base/b.yaml": "kind: [1\n", "base/c.yaml": "- x"},
            ["base/b.yaml:2:1:", "base/c.yaml:1:"],
        ),
        ({"base/b.yaml": CONFIG_MAP % "a"}, ["base/b.yaml:1: ConfigMap a is described twice"]),
        ({"base/b.yaml": "apiVersion: v1\nkind: A\n"}, ["base/b.yaml:1: A has no metadata.name"]),
        (
            {"base/b.yaml": "apiVersion: v1\nkind: A\nmetadata: {generateName: a-}\n"},
            ["base/b.yaml:1: A has generateName"],
        ),
        ({"base/b.yaml": f"{CONFIG_MAP % 'b'}data: {{1: x}}\n"}, ["base/b.yaml:4:8: key 1 is no"]),
        (
            {"env/kustomization.yaml": "resources: [../base]\nfoo: 1\n"},
            ["env/kustomization.yaml:2:"],
        ),
        (
            {"base/kustomization.yaml": "images:\n- name: a\n  newTag: 1.20\n"},
            ["base/kustomization.yaml:3:"],
        ),
        (
            {
                "env/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
                "env/p.yaml": CONFIG_MAP % "nothing",
            },
            ["env/kustomization.yaml: kustomize cannot build env"],
        ),
        (
            {
                "base/kustomization.yaml": "resources: [a.yaml]\ngenerators:\n- gen.yaml\n",
                "base/gen.yaml": "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: s}\n",
            },
            ["base/kustomization.yaml:3: the plugin ksops is not run"],
        ),
        (
            {
                "env/kustomization.yaml": "resources: [../base]\ntransformers:\n- |\n"
                "  apiVersion: acme.dev/v1\n  kind: Label\n  metadata: {name: l}\n"
            },
            ["env/kustomization.yaml:3: the plugin Label is not run"],
        ),
    ],
)
def test_mistakes_are_told_where_they_are(files: dict[str, str], expected: list[str]) -> None:
    rendering = render({**BASE, **files})
    found = told(rendering)
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True))
    assert rendering.manifests == ()
    words = " ".join(str(problem) for problem in rendering.problems)
    assert "/tmp" not in words
    assert "gitops-action-" not in words


def test_a_broken_file_of_a_plain_folder_keeps_nothing_else_back() -> None:
    files = {
        "env/a.yaml": CONFIG_MAP % "a",
        "env/b.yaml": "a: [\n",
        "env/c.yaml": CONFIG_MAP % "a",
        "env/d/kustomization.yaml": "resources: [nope.yaml]\n",
        "env/e.yaml": "->/etc/passwd",
        "env/f.yaml": CONFIG_MAP % "f",
    }
    rendering = render(files)
    assert by_name(rendering).keys() == {"ConfigMap a", "ConfigMap f"}
    assert told(rendering) == [
        "env/b.yaml:2:1: file is not valid YAML",
        "env/e.yaml: env/e.yaml is a link that leads nowhere in the repository",
        "env/d/kustomization.yaml:1: 'nope.yaml' is not there",
        "env/c.yaml:1: ConfigMap a is described twice",
    ]
    assert rendering.problems[-1].cause == "in env/c.yaml:1 and in env/a.yaml:1"


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server that notes who comes."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(1000))
                    body = (CONFIG_MAP % "remote").encode()
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.yaml", heard
        server.shutdown(socket.SHUT_RDWR)


def test_a_remote_base_is_fetched_only_where_that_is_allowed() -> None:
    with listener() as (url, heard):
        files = {"env/kustomization.yaml": f"resources: [{url}]\n"}
        refused = render(files)
        assert isinstance(refused.problems[0], RemoteBaseError)
        assert heard == []
        allowed = render(files, allow_remote=True)
        assert told(allowed) == []
        assert by_name(allowed).keys() == {"ConfigMap remote"}
        assert len(heard) >= 1


SPY = """#!/bin/sh
/usr/bin/env > {out}
exit 3
"""


def spied(tmp_path: Path, *, allow_remote: bool) -> dict[str, str]:
    """The environment that the program was given."""
    out = tmp_path / "environment"
    program = tmp_path / "kubectl"
    program.write_text(SPY.format(out=out))
    program.chmod(0o700)
    secrets = {"PATH": "/usr/bin:/bin", "INPUT_TOKEN": "s3cret", "HOME": "/root", "CI": "1"}
    renderer = KustomizeRenderer(str(program), runner(secrets), allow_remote=allow_remote)
    rendering = renderer.render("env", repository(BASE))
    assert len(rendering.problems) == 1
    lines = out.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_the_program_learns_nothing_and_finds_no_other(tmp_path: Path) -> None:
    environ = spied(tmp_path, allow_remote=False)
    assert "s3cret" not in str(environ)
    assert environ["HOME"] != "/root"
    assert environ["PATH"] == environ["HOME"]
    assert environ["HTTPS_PROXY"] == environ["HTTP_PROXY"] == "http://127.0.0.1:9"


def test_what_may_fetch_has_programs_and_still_no_secrets(tmp_path: Path) -> None:
    environ = spied(tmp_path, allow_remote=True)
    assert environ["PATH"] == "/usr/bin:/bin"
    assert "s3cret" not in str(environ)


PLUGIN = """- |
  apiVersion: builtin
  kind: ConfigMapGenerator
  metadata: {name: a}
  name: a
  files: [/etc/hostname]
"""


@pytest.mark.parametrize(
    "kustomization",
    [
        "configMapGenerator: [{name: a, files: [/etc/hostname]}]\n",
        "configMapGenerator: [{name: a, files: [x=../../../../../../etc/hostname]}]\n",
        "ConfigMapGenerator: [{Name: a, Files: [/etc/hostname]}]\n",
        "configMapGenerator: [{name: a, files: [link/hostname]}]\n",
        f"generators:\n{PLUGIN}",
        f"!!binary Z2VuZXJhdG9ycw==:\n{PLUGIN}",
    ],
)
@pytest.mark.parametrize("outside", [False, True])
def test_no_file_of_the_machine_gets_into_a_render(kustomization: str, outside: bool) -> None:
    more = "resources: [../a.yaml]\n" if outside else ""
    rendering = render(
        {
            "env/kustomization.yaml": more + kustomization,
            "a.yaml": CONFIG_MAP % "a",
            "env/link": "->/etc",
        }
    )
    assert len(rendering.problems) >= 1
    assert rendering.manifests == ()


def test_output_beyond_the_ceiling_is_an_error() -> None:
    rendering = render(BASE, limits=Limits(output=100))
    assert told(rendering) == ["env/kustomization.yaml: env renders to too much"]


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\n/bin/sleep 60\n")
    program.chmod(0o700)
    renderer = KustomizeRenderer(str(program), runner(), limits=Limits(seconds=0.3))
    (problem,) = renderer.render("env", repository(BASE)).problems
    assert "longer than 0.3 s" in problem.cause


def test_without_kubectl_plain_manifests_still_render() -> None:
    renderer = KustomizeRenderer(None, runner())
    plain = renderer.render("env", repository({"env/a.yaml": CONFIG_MAP % "a"}))
    assert by_name(plain).keys() == {"ConfigMap a"}
    built = renderer.render("env", repository(BASE))
    assert told(built) == [
        "env/kustomization.yaml: there is no kubectl to render kustomizations with"
    ]


def test_threads_share_a_renderer() -> None:
    renderer = KustomizeRenderer(find_kubectl(), runner())
    found: list[int] = []

    def work() -> None:
        found.append(len(renderer.render("env", repository(BASE)).manifests))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3, 3, 3, 3]
