"""What the image is made of."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from testbed.docker.images import base_image, push, size
from testbed.process import run
from testbed.registry import Registry

MEGABYTE = 1_000_000
NOT_LOADED = {"aiohttp", "attrs", "dnspython", "jsonschema", "pycparser", "referencing", "rpds-py"}
_IMPORT_ALL = """
import ast, importlib, pathlib, sys
sys.path.insert(0, "/app")
trees = [ast.parse(path.read_text()) for path in pathlib.Path("/app").rglob("*.py")]
nodes = [node for tree in trees for node in ast.walk(tree)]
names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
for name in names:
    importlib.import_module(name)
print(len(names))
"""


_COMPILED = """
import importlib.util, pathlib, sys
import gitops_action.app.deploy, gitops_action.app.bump
import git, github, jsonschema_rs, requests, ruamel.yaml, urllib3, yaml
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
sources = [name for name in files if name.endswith(".py")]
cached = [pathlib.Path(importlib.util.cache_from_source(name)).exists() for name in sources]
print(len(sources), *(name for name, found in zip(sources, cached) if not found))
"""


def inside(image: str, *command: str) -> str:
    return run(
        *("docker", "run", "--rm", "--network=none", "--entrypoint", command[0], image),
        *command[1:],
    )


def test_the_image_adds_at_most_220_megabytes_to_its_base(action: str) -> None:
    assert (size(action) - size(base_image())) / MEGABYTE <= 220


def test_what_is_pulled_is_at_most_120_megabytes(action: str, tmp_path: Path) -> None:
    with Registry.start(tmp_path) as registry:
        layers = push(registry.address, action, "action")
    assert sum(layers) / MEGABYTE <= 120


def test_the_entrypoint_is_in_exec_form_and_runs_as_root(action: str) -> None:
    config = json.loads(run("docker", "image", "inspect", "--format", "{{json .Config}}", action))
    assert config["Entrypoint"] == ["python", "/app/entrypoint.py"]
    assert config.get("User", "") in {"", "0", "root"}
    assert config["Labels"]["org.opencontainers.image.title"] == "gitops-action"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_git_trusts_a_workspace_of_another_user(action: str) -> None:
    script = "mkdir /w && chown 1001 /w && cd /w && git init -q . && chown -R 1001 . && git status"
    assert "No commits yet" in inside(action, "sh", "-c", script)


def test_git_speaks_http_without_perl_and_servers(action: str) -> None:
    script = """
        find /usr/share/perl /usr/lib/*/perl /usr/lib/*/libperl.so* -type f 2>/dev/null
        find / -xdev -name git-daemon -o -xdev -name scalar -o -xdev -name git-http-backend
        git ls-remote http://127.0.0.1:1/web; git ls-remote https://127.0.0.1:1/web
    """
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", "--entrypoint=sh", action, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == ""
    assert done.stderr.count("Failed to connect to 127.0.0.1 port 1") == 2


def test_no_installer_and_no_cache_is_left_in_our_environment(action: str) -> None:
    found = inside(action, "sh", "-c", "ls /opt/venv/bin; ls -d /root/.cache /tmp/* 2>&1 || true")
    assert "pip" not in found
    assert "runtime.txt" not in found
    assert "/root/.cache\n" not in found.replace("'/root/.cache'", "")


def test_only_what_runs_is_in_the_image(action: str) -> None:
    assert inside(action, "ls", "/app").split() == ["__pycache__", "entrypoint.py", "gitops_action"]


def test_every_locked_package_is_there_and_they_fit_together(action: str) -> None:
    script = (
        "import importlib.metadata as m, json;"
        "print(json.dumps(sorted(d.metadata['Name'] for d in m.distributions())))"
    )
    names = {name.lower() for name in json.loads(inside(action, "python", "-c", script))}
    assert {"jsonschema_rs", "pygithub", "gitpython", "jinja2", "ruamel.yaml"} <= names
    assert not {"pytest", "ruff", "pip", "setuptools", *NOT_LOADED} & names


def test_every_module_that_the_code_loads_is_there(action: str) -> None:
    """Also those that only one command, or a rare case of it, loads."""
    assert int(inside(action, "python", "-c", _IMPORT_ALL)) > 300


def test_nothing_that_a_command_loads_is_compiled_in_its_run(action: str) -> None:
    """The standard library included, which official images have no byte code of."""
    found = inside(action, "env", "PYTHONPATH=/app", "python", "-c", _COMPILED).split()
    assert int(found[0]) > 400
    assert found[1:] == []


def test_the_schemas_of_every_supported_version_are_there(action: str) -> None:
    script = (
        "from gitops_action.adapters.schemas.kubernetes import KubernetesSchemas, known_versions;"
        "print(*(KubernetesSchemas(v).checker(('apps', 'v1', 'Deployment')) is not None"
        " for v in known_versions()))"
    )
    found = inside(action, "env", "PYTHONPATH=/app", "python", "-c", script).split()
    assert len(found) >= 6
    assert set(found) == {"True"}


def test_wrong_usage_ends_with_2_and_an_annotation(action: str) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "--network=none", "-e", "INPUT_COMMAND=dance", action],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "dance" in done.stdout + done.stderr


@pytest.mark.parametrize("module", ["kubernetes"])
def test_what_bump_does_not_need_is_not_imported(action: str, module: str) -> None:
    script = f"import gitops_action.app, sys; print({module!r} in sys.modules)"
    environment = ("env", "PYTHONPATH=/app", "python", "-c", script)
    assert inside(action, *environment).strip() == "False"
