"""The symbolic kustomize against the real one: what is planned is what is rendered."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_action.core.config import Config
from gitops_action.core.plan import SharedFileError
from tests.support.plans import DIGEST, OTHER_DIGEST, after, configured, plan, text, uses, workload

_BUNDLED = Path(sys.executable).with_name("kubectl")
KUBECTL = str(_BUNDLED) if _BUNDLED.exists() else shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is neither bundled nor on PATH")

WEB = "ghcr.io/acme/web"
TARGET = f"{WEB}:v2"
PINNED = f"{WEB}:v2@{DIGEST}"


def kustomization(*resources: str, more: str = "") -> str:
    listed = "".join(f"- {resource}\n" for resource in resources)
    return (f"resources:\n{listed}" if resources else "") + text(more)


def images(*entries: str) -> str:
    return "images:\n" + "".join(f"- {{{entry}}}\n" for entry in entries)


COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
STAGED = configured(staging="staging", production="production")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A repository, what is bumped in `environment`, and what has to be rendered then.

    `along` are expressions for what else is rendered from the value that is edited.
    """

    files: Mapping[str, str]
    bump: str = TARGET
    rendered: str = TARGET
    config: Config = field(default_factory=configured)
    environment: str = ""
    roots: tuple[str, ...] = ("app",)
    others: tuple[str, ...] = ()
    count: int = 1
    along: tuple[tuple[str, str], ...] = ()


def over(base: str, overlay: str = "", *, image: str = f"{WEB}:v1", **more: object) -> Layout:
    """A base and an overlay that is the environment."""
    added = more.pop("files", {})
    assert isinstance(added, dict)
    files = {
        "base/kustomization.yaml": kustomization("web.yaml", more=base),
        "base/web.yaml": workload(image, "redis:7"),
        "app/kustomization.yaml": kustomization("../base", more=overlay),
        **added,
    }
    return Layout(files=files, **more)  # type: ignore[arg-type]


def staged(base: str, staging: str, production: str = "", **more: object) -> Layout:
    """A base that two environments share; staging is bumped, production has to stay."""
    image = str(more.pop("image", f"{WEB}:v1"))
    files = {
        "base/kustomization.yaml": kustomization("web.yaml", more=base),
        "base/web.yaml": workload(image, "redis:7"),
        "staging/kustomization.yaml": kustomization("../base", more=staging),
        "production/kustomization.yaml": kustomization("../base", more=production),
    }
    return Layout(
        files=files,
        config=STAGED,
        environment="staging",
        roots=("staging",),
        others=("production",),
        **more,  # type: ignore[arg-type]
    )


def transformer(tag: str) -> str:
    """A builtin ImageTagTransformer."""
    head = "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: tag}\n"
    return f"{head}imageTag: {{{tag}}}\n"


def indented(content: str, by: str) -> str:
    return "".join(f"{by}{line}\n" for line in content.splitlines())


def custom(
    more: str, *, image: str = f"{WEB}:v1", files: Mapping[str, str] | None = None
) -> Layout:
    """A custom resource with an image outside of pods."""
    return Layout(
        files={
            "app/kustomization.yaml": kustomization("site.yaml", more=more),
            "app/site.yaml": "apiVersion: example.org/v1\nkind: Site\nmetadata: {name: site}\n"
            f"spec:\n  image: {image}\n",
            **(files or {}),
        }
    )


def replaced(
    target: str,
    path: str,
    files: Mapping[str, str],
    *,
    more: str = "",
    containers: tuple[str, ...] = (f"{WEB}:v0", "redis:7"),
) -> Layout:
    """A Deployment whose image a replacement takes from the ConfigMap `settings`."""
    resources = ["web.yaml", *(["settings.yaml"] if files else [])]
    replacement = (
        f"replacements:\n- source: {{kind: ConfigMap, name: settings, fieldPath: {path}}}\n"
        f"  targets:\n  - select: {{kind: Deployment}}\n{target}"
    )
    return Layout(
        files={
            "app/kustomization.yaml": kustomization(*resources, more=more + replacement),
            "app/web.yaml": workload(*containers),
            **files,
        },
        along=(
            (r"(?<=TAG: )v1", "v2"),
            (rf"(?<=IMAGE: ){WEB}:v1", TARGET),
        ),
    )


SETTINGS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{{key}: '{value}'}}\n"
)
PATCH_TRANSFORMER = f"""\
apiVersion: builtin
kind: PatchTransformer
metadata: {{name: patch}}
target: {{kind: Deployment}}
patch: |-
  - op: replace
    path: /spec/template/spec/containers/0/image
    value: {WEB}:v1
"""
PATCH = "patches:\n- path: patch.yaml\n"
STRATEGIC = workload(f"{WEB}:v1").replace("c0", "c0")
INLINE = f"""
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
          - name: c0
            image: {WEB}:v1
"""
JSON_PATCH = f"""
patches:
- target:
    kind: Deployment
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/image
      value: {WEB}:v1
"""
ADD_CONTAINER = f"""
patches:
- target: {{kind: Deployment, name: web}}
  patch: |-
    - op: add
      path: /spec/template/spec/containers/0
      value: {{name: side, image: "{WEB}:v1"}}
    - op: replace
      path: /spec/template/spec/containers/1/image
      value: nginx:1
"""

LAYOUTS: dict[str, Layout] = {
    "image in the base": over("", ""),
    "tag in the overlay": over("", images(f"name: {WEB}, newTag: v1")),
    "tag in the base's own entry": over(images(f"name: {WEB}, newTag: v0"), ""),
    "entries in base and overlay": over(
        images(f"name: {WEB}, newTag: v0"), images(f"name: {WEB}, newTag: v1")
    ),
    "pin into newTag": over("", images(f"name: {WEB}, newTag: v1"), bump=PINNED, rendered=PINNED),
    "pin where both keys are": over(
        "",
        images(f'name: {WEB}, newTag: v1, digest: "{OTHER_DIGEST}"'),
        bump=PINNED,
        rendered=PINNED,
    ),
    "pin where only a digest is": over(
        "",
        images(f'name: {WEB}, digest: "{OTHER_DIGEST}"'),
        bump=PINNED,
        rendered=f"{WEB}@{DIGEST}",
    ),
    "pin in the base's manifest": over("", "", bump=PINNED, rendered=PINNED),
    "entry with both replaces a manifest's digest": over(
        "",
        images(f'name: {WEB}, newTag: v1, digest: "{OTHER_DIGEST}"'),
        image=f"{WEB}:v0@{OTHER_DIGEST}",
        bump=PINNED,
        rendered=PINNED,
    ),
    "base renames the image": over(
        images(f"name: placeholder, newName: {WEB}, newTag: v1"), "", image="placeholder"
    ),
    "overlay bumps after the base's rename": over(
        images(f"name: placeholder, newName: {WEB}"),
        images(f"name: {WEB}, newTag: v1"),
        image="placeholder:v0",
    ),
    "overlay renames, the base has the tag": over(
        "", images(f"name: placeholder, newName: {WEB}"), image="placeholder:v1"
    ),
    "overlay renames and tags": over(
        "", images(f"name: placeholder, newName: {WEB}, newTag: v1"), image="placeholder:latest"
    ),
    "two entries in a row": over(
        "",
        images(f"name: placeholder, newName: {WEB}", f"name: {WEB}, newTag: v1"),
        image="placeholder:v0",
    ),
    "name with a port": over(
        "",
        images("name: localhost:5000/web, newTag: v1"),
        image="localhost:5000/web:v0",
        bump="localhost:5000/web:v2",
        rendered="localhost:5000/web:v2",
    ),
    "short name of docker.io": over(
        "",
        images("name: nginx, newTag: '1.0'"),
        image="nginx:0.9",
        bump="docker.io/library/nginx:1.20",
        rendered="nginx:1.20",
    ),
    "spelling the entry does not reach": over(
        "",
        images("name: nginx, newTag: '1.0'"),
        image="docker.io/library/nginx:0.9",
        bump="nginx:1.20",
        rendered="docker.io/library/nginx:1.20",
    ),
    "a dot in the entry's name stands for any character": over(
        "",
        images("name: ghcr.io/acme/web.app, newTag: v1"),
        image="ghcr.io/acme/web-app:v0",
        bump="ghcr.io/acme/web-app:v2",
        rendered="ghcr.io/acme/web-app:v2",
    ),
    "image in an init container": Layout(
        files={
            "app/kustomization.yaml": kustomization(
                "web.yaml", more=images(f"name: {WEB}, newTag: v1")
            ),
            "app/web.yaml": workload("redis:7", init=f"{WEB}:v0"),
        }
    ),
    "init container and container": Layout(
        files={
            "app/kustomization.yaml": kustomization("web.yaml"),
            "app/web.yaml": workload(f"{WEB}:v1", init=f"{WEB}:v0"),
        },
        count=2,
    ),
    "component with an entry": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload(f"{WEB}:v0"),
            "component/kustomization.yaml": COMPONENT + images(f"name: {WEB}, newTag: v1"),
            "app/kustomization.yaml": kustomization("../base", more="components: [../component]\n"),
        }
    ),
    "component below an overlay's entry": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload(f"{WEB}:v0"),
            "component/kustomization.yaml": COMPONENT + images(f"name: {WEB}, newTag: v1"),
            "app/kustomization.yaml": kustomization(
                "../base", more="components: [../component]\n" + images(f"name: {WEB}, newTag: v1")
            ),
        }
    ),
    "component that brings the workload": Layout(
        files={
            "component/kustomization.yaml": COMPONENT + kustomization("web.yaml"),
            "component/web.yaml": workload(f"{WEB}:v1"),
            "app/kustomization.yaml": "components: [../component]\n",
        }
    ),
    "component with a patch": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload("nginx:1"),
            "component/kustomization.yaml": COMPONENT + text(INLINE),
            "app/kustomization.yaml": kustomization("../base", more="components: [../component]\n"),
        }
    ),
    "overlay on overlay": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload("placeholder"),
            "mid/kustomization.yaml": kustomization(
                "../base", more=images(f"name: placeholder, newName: {WEB}, newTag: v0")
            ),
            "app/kustomization.yaml": kustomization(
                "../mid", more=images(f"name: {WEB}, newTag: v1")
            ),
        }
    ),
    "inline strategic merge": over("", INLINE, image="nginx:1"),
    "inline strategic merge below an entry": over(
        "", INLINE + images(f"name: {WEB}, newTag: v1"), image="nginx:1"
    ),
    "inline JSON patch": over("", JSON_PATCH, image="nginx:1"),
    "JSON patch that adds a container": over("", ADD_CONTAINER),
    "patch on an object with a prefix": over("namePrefix: pre-\n", INLINE, image="nginx:1"),
    "patch file": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload("nginx:1", "redis:7"),
            "app/kustomization.yaml": kustomization("../base", more=PATCH),
            "app/patch.yaml": STRATEGIC,
        }
    ),
    "patch of a custom kind replaces the list": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload(
                f"{WEB}:v0", "redis:7", kind="Rollout", api="argoproj.io/v1alpha1"
            ),
            "app/kustomization.yaml": kustomization("../base", more=PATCH),
            "app/patch.yaml": workload(f"{WEB}:v1", kind="Rollout", api="argoproj.io/v1alpha1"),
        }
    ),
    "list of objects": Layout(
        files={
            "app/kustomization.yaml": kustomization("list.yaml"),
            "app/list.yaml": "apiVersion: v1\nkind: List\nitems:\n"
            "- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n"
            f"  spec: {{containers: [{{name: c, image: '{WEB}:v1'}}]}}\n",
        }
    ),
    "several documents": Layout(
        files={
            "app/kustomization.yaml": kustomization("all.yaml"),
            "app/all.yaml": workload("redis:7", name="cache") + "---\n" + workload(f"{WEB}:v1"),
        }
    ),
    "shared base, each overlay with its entry": staged(
        "", images(f"name: {WEB}, newTag: v1"), images(f"name: {WEB}, newTag: v0")
    ),
    "shared base sets the tag": staged("", ""),
    "shared base sets the tag, pinned": staged("", "", bump=PINNED, rendered=PINNED),
    "shared base renames and tags": staged(
        images(f"name: placeholder, newName: {WEB}, newTag: v1"), "", image="placeholder"
    ),
    "shared base tags, overlay renames": staged(
        "", images(f"name: placeholder, newName: {WEB}"), image="placeholder:v1"
    ),
    "shared base, the other overlay has an entry": staged(
        "", "", images(f"name: {WEB}, newTag: v0")
    ),
    "shared base, short name": staged(
        "", "", image="nginx:1.0", bump="nginx:1.20", rendered="nginx:1.20"
    ),
    "shared middle layer": Layout(
        files={
            "base/kustomization.yaml": kustomization("web.yaml"),
            "base/web.yaml": workload("app", "redis:7"),
            "mid/kustomization.yaml": kustomization(
                "../base", more=images(f"name: app, newName: {WEB}, newTag: v1")
            ),
            "staging/kustomization.yaml": kustomization("web"),
            "staging/web/kustomization.yaml": kustomization("../../mid"),
            "production/kustomization.yaml": kustomization("../mid"),
        },
        config=STAGED,
        environment="staging",
        roots=("staging",),
        others=("production",),
    ),
    "new name that holds the tag": over(
        "", images(f"name: placeholder, newName: '{WEB}:v1'"), image="placeholder"
    ),
    "transformer file sets the tag": over(
        "",
        images(f"name: {WEB}, newTag: v0") + "transformers: [image.yaml]\n",
        files={"app/image.yaml": transformer(f"name: {WEB}, newTag: v1")},
    ),
    "transformer folder sets the tag": over(
        "",
        "transformers: [transform]\n",
        files={
            "app/transform/kustomization.yaml": "resources: [image.yaml]\n",
            "app/transform/image.yaml": transformer(f"name: {WEB}, newTag: v1"),
        },
    ),
    "inline transformer sets the tag": over(
        "",
        "transformers:\n- |-\n" + indented(transformer(f"name: {WEB}, newTag: v1"), "  "),
    ),
    "transformer that patches": over(
        "",
        images(f"name: {WEB}, newTag: v0") + "transformers: [patch.yaml]\n",
        files={
            "app/patch.yaml": PATCH_TRANSFORMER,
        },
    ),
    "configuration brings a custom field within reach": custom(
        "configurations: [fields.yaml]\n" + images(f"name: {WEB}, newTag: v1"),
        files={"app/fields.yaml": "images:\n- {kind: Site, path: spec/image}\n"},
    ),
    "custom field without a configuration": custom(images(f"name: {WEB}, newTag: v0")),
    "patch of a custom field": custom(
        "patches:\n- patch: |-\n    apiVersion: example.org/v1\n    kind: Site\n"
        f"    metadata: {{name: site}}\n    spec: {{image: '{WEB}:v1'}}\n",
        image=f"{WEB}:v0",
    ),
    "JSON patch of a custom field": custom(
        "patches:\n- target: {kind: Site}\n  patch: |-\n    - op: replace\n"
        f"      path: /spec/image\n      value: {WEB}:v1\n",
        image=f"{WEB}:v0",
    ),
    "replacement of the tag from a ConfigMap": replaced(
        "    fieldPaths: ['spec.template.spec.containers.[name=c0].image']\n"
        "    options: {delimiter: ':', index: 1}\n",
        "data.TAG",
        {"app/settings.yaml": SETTINGS.format(key="TAG", value="v1")},
    ),
    "replacement of the whole image from a ConfigMap": replaced(
        "    fieldPaths: [spec.template.spec.containers.0.image]\n",
        "data.IMAGE",
        {"app/settings.yaml": SETTINGS.format(key="IMAGE", value=f"{WEB}:v1")},
    ),
    "replacement from a literal": replaced(
        "    fieldPaths: ['spec.template.spec.containers.[name=c0].image']\n"
        "    options: {delimiter: ':', index: 1}\n",
        "data.TAG",
        {},
        more="generatorOptions: {disableNameSuffixHash: true}\n"
        "configMapGenerator:\n- name: settings\n  literals: [TAG=v1, OTHER=x]\n",
    ),
    "replacement over an entry of images": replaced(
        "    fieldPaths: ['spec.template.spec.containers.*.image']\n"
        "    options: {delimiter: ':', index: 1}\n",
        "data.TAG",
        {"app/settings.yaml": SETTINGS.format(key="TAG", value="v1")},
        more=images(f"name: {WEB}, newTag: v0"),
        containers=(f"{WEB}:v0",),
    ),
    "replacement copies another object's image": Layout(
        files={
            "app/kustomization.yaml": kustomization(
                "web.yaml",
                "job.yaml",
                more="replacements:\n- source: {kind: Job, name: job, "
                "fieldPath: 'spec.template.spec.containers.[name=c0].image'}\n  targets:\n"
                "  - select: {kind: Deployment}\n"
                "    fieldPaths: ['spec.template.spec.containers.[name=c0].image']\n",
            ),
            "app/web.yaml": workload(f"{WEB}:v0"),
            "app/job.yaml": workload(f"{WEB}:v1", kind="Job", name="job", api="batch/v1"),
        },
        count=2,
    ),
    "patch file without any image": Layout(
        files={
            "app/kustomization.yaml": kustomization(
                "web.yaml",
                more="patches:\n- {path: drop.yaml, target: {kind: Deployment}}\n- target: "
                "{kind: Deployment}\n  patch: |-\n    - op: replace\n"
                f"      path: /spec/template/spec/containers/0/image\n      value: {WEB}:v1\n",
            ),
            "app/web.yaml": workload("redis:7", f"{WEB}:v0"),
            "app/drop.yaml": "- op: remove\n  path: /spec/template/spec/containers/0\n",
        },
    ),
    "rename of an image in a manifest": over(
        "", "", image="acme/old:v1", bump=f"acme/old={TARGET}"
    ),
    "rename where an entry has newName": over(
        "",
        images("name: app, newName: acme/old, newTag: v1"),
        image="app",
        bump=f"acme/old={PINNED}",
        rendered=PINNED,
    ),
    "rename where the entry has no newName": over(
        "",
        images("name: acme/old, newTag: v1"),
        image="acme/old:v0",
        bump=f"acme/old={TARGET}",
    ),
    "rename above a shared base": staged(
        "", "", image="acme/old:v1", bump=f"acme/old={PINNED}", rendered=PINNED
    ),
}


def render(root: Path, folder: str) -> str:
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(root / folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def expected(before: str, layout: Layout, olds: set[str]) -> str:
    """What was rendered before, with the wanted image in place of the old ones."""
    requested = "|".join(re.escape(old) for old in sorted(olds, key=len, reverse=True))
    after = re.sub(rf"(?<=image: )({requested})(?=$)", layout.rendered, before, flags=re.MULTILINE)
    for old, new in layout.along:
        after = re.sub(old, new, after)
    return after


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_rendered_image_is_the_target_and_nothing_else_changes(
    layout: Layout, tmp_path: Path
) -> None:
    everywhere = (*layout.roots, *layout.others)
    write(tmp_path, layout.files)
    before = {folder: render(tmp_path, folder) for folder in everywhere}
    planned = plan(layout.files, layout.bump, config=layout.config, environment=layout.environment)
    olds = {str(reference) for reference in planned.previous}

    write(tmp_path, after(layout.files, planned))

    for folder in layout.roots:
        rendered = render(tmp_path, folder)
        assert rendered.count(f"image: {layout.rendered}\n") == layout.count
        assert rendered == expected(before[folder], layout, olds)
    for folder in layout.others:
        assert render(tmp_path, folder) == before[folder]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_planning_again_changes_nothing(layout: Layout) -> None:
    planned = plan(layout.files, layout.bump, config=layout.config, environment=layout.environment)
    again = plan(
        after(layout.files, planned),
        layout.bump,
        config=layout.config,
        environment=layout.environment,
    )
    assert planned.edits
    assert not again.edits
    assert again.unchanged
    assert not again.lines


names = st.sampled_from(["nginx", "app", "ghcr.io/acme/web", "localhost:5000/api", "acme/web"])
entries = st.lists(
    st.builds(
        lambda name, new, tag: f"name: {name}{new and f', newName: {new}'}, newTag: {tag}",
        names,
        st.one_of(st.just(""), names),
        st.sampled_from(["v3", "v4", "'1.20'"]),
    ),
    max_size=3,
    unique_by=lambda entry: entry.partition(",")[0],
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    manifest=st.lists(names, min_size=1, max_size=3),
    base=entries,
    middle=entries,
    component=entries.filter(bool),
    own=entries,
    requested=names,
    shared=st.booleans(),
)
def test_generated_layouts_render_as_planned(  # noqa: PLR0913 - each layer is drawn
    tmp_path: Path,
    *,
    manifest: list[str],
    base: list[str],
    middle: list[str],
    component: list[str],
    own: list[str],
    requested: str,
    shared: bool,
) -> None:
    top = "components: [../component]\n" + (images(*own) if own else "")
    files = {
        "base/kustomization.yaml": kustomization("web.yaml", more=images(*base) if base else ""),
        "base/web.yaml": workload(*(f"{name}:v1" for name in manifest)),
        "mid/kustomization.yaml": kustomization("../base", more=images(*middle) if middle else ""),
        "component/kustomization.yaml": COMPONENT + (images(*component) if component else ""),
        "staging/kustomization.yaml": kustomization("../mid", more=top),
    }
    if shared:
        files["production/kustomization.yaml"] = kustomization("../mid")
    config = STAGED if shared else configured(staging="staging")
    described = {use.repository: use for use in uses(files, config, "staging")}
    write(tmp_path, files)
    before = render(tmp_path, "staging")
    rendered = sorted(re.findall(r"image: (\S+)", before))
    for image in rendered:
        assert any(image == f"{use.name}:{use.tag}" for use in uses(files, config, "staging")), (
            image,
            described,
        )
    if not any(image.rpartition(":")[0] == requested for image in rendered):
        return
    try:
        planned = plan(files, f"{requested}:v9", config=config, environment="staging")
    except SharedFileError:
        assert shared
        return
    write(tmp_path, after(files, planned))
    result = sorted(re.findall(r"image: (\S+)", render(tmp_path, "staging")))
    assert result == sorted(
        f"{requested}:v9" if image.rpartition(":")[0] == requested else image for image in rendered
    )
