from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.core.plan import Plan
from tests.support.plans import DIGEST, after, configured, plan, uses, workload
from tests.support.properties import examples

NAMES = ("ghcr.io/acme/web", "ghcr.io/acme/web-admin", "nginx", "acme/web", "localhost:5000/web")
REQUESTED = NAMES[0]

names = st.sampled_from(NAMES)
tags = st.sampled_from(["v1", "v2", "1.20", "latest", "0e1"])
references = st.builds(lambda name, tag: f"{name}:{tag}", names, tags)
manifests = st.lists(references, min_size=1, max_size=3).map(lambda images: workload(*images))
values = st.builds(
    lambda name, tag: f"# values\nimage:\n  repository: {name}\n  tag: '{tag}'\n", names, tags
)
flux = st.builds(
    lambda name, tag: (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"spec:\n  images:\n  - name: {name}\n    newTag: '{tag}'\n"
    ),
    names,
    tags,
)
argo = st.builds(
    lambda reference: (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"spec:\n  source:\n    kustomize:\n      images:\n      - {reference}\n"
    ),
    references,
)
marked = st.builds(
    lambda name, tag: f"version: '{tag}' # gitops-image: {name}:tag\nother: {name}:{tag}\n",
    names,
    tags,
)
contents = st.one_of(manifests, values, flux, argo, marked)
repositories = st.dictionaries(
    st.sampled_from([f"applications/{name}/{file}.yaml" for name in "abc" for file in "xyz"]),
    contents,
    max_size=6,
).map(lambda files: {**files, "applications/web/web.yaml": workload(f"{REQUESTED}:v0")})
bumps = st.sampled_from([f"{REQUESTED}:v2", f"{REQUESTED}:1.20", f"{REQUESTED}:v2@{DIGEST}"])


def shape(planned: Plan) -> tuple[object, ...]:
    return planned.lines, planned.unchanged, dict(planned.edits), planned.skipped


@settings(max_examples=examples(120))
@given(files=repositories, bump=bumps)
def test_a_bump_changes_the_requested_image_and_nothing_else(
    files: dict[str, str], bump: str
) -> None:
    planned = plan(files, bump)
    result = after(files, planned)
    assert_only_lines_of_the_plan_change(files, planned, result)
    assert_other_images_stay(files, result, bump)
    assert_planning_again_is_a_fixed_point(planned, plan(result, bump))


def assert_only_lines_of_the_plan_change(
    files: dict[str, str], planned: Plan, result: dict[str, str]
) -> None:
    for path, before in files.items():
        touched = {line.line for line in planned.lines if line.file == path}
        old, new = before.splitlines(), result[path].splitlines()
        assert len(old) == len(new)
        pairs = enumerate(zip(old, new, strict=True), 1)
        assert {number for number, pair in pairs if pair[0] != pair[1]} == touched


def assert_other_images_stay(files: dict[str, str], result: dict[str, str], bump: str) -> None:
    others = {use for use in uses(files) if use.repository != REQUESTED}
    now = uses(result)
    assert {use for use in now if use.repository != REQUESTED} == others
    tag = bump.removeprefix(f"{REQUESTED}:").partition("@")[0]
    assert {use.tag for use in now if use.repository == REQUESTED} == {tag}


def assert_planning_again_is_a_fixed_point(planned: Plan, again: Plan) -> None:
    assert not again.edits
    assert not again.lines
    assert {(line.file, line.path) for line in (*planned.lines, *planned.unchanged)} >= {
        (line.file, line.path) for line in again.unchanged
    }


@settings(max_examples=examples(60))
@given(files=repositories, bump=bumps, random=st.randoms())
def test_the_order_of_files_does_not_matter(
    files: dict[str, str], bump: str, random: object
) -> None:
    shuffled = list(files.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shape(plan(dict(shuffled), bump)) == shape(plan(files, bump))


@settings(max_examples=examples(60))
@given(base=manifests, staging=references, production=references)
def test_another_environment_never_changes(base: str, staging: str, production: str) -> None:
    def overlay(reference: str) -> str:
        name, _, tag = reference.rpartition(":")
        return f"resources: [../base]\nimages:\n- name: {name}\n  newTag: '{tag}'\n"

    files = {
        "base/kustomization.yaml": "resources: [web.yaml, more.yaml]\n",
        "base/web.yaml": base,
        "base/more.yaml": workload(f"{REQUESTED}:v0", name="more"),
        "staging/kustomization.yaml": overlay(staging),
        "production/kustomization.yaml": overlay(production),
    }
    config = configured(staging="staging", production="production")
    before = uses(files, config, "production")
    planned = plan(files, f"{REQUESTED}:v9", config=config, environment="staging")
    result = after(files, planned)
    assert uses(result, config, "production") == before
    found = uses(result, config, "staging")
    assert {use.tag for use in found if use.repository == REQUESTED} == {"v9"}
