"""Holds: read, matched and written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import (
    ALL,
    Config,
    Environment,
    Hold,
    frozen,
    held,
    hold_file,
    load_holds,
    read_holds,
)
from gitops_action.core.config.holds import HoldsChange, hold_changes
from gitops_action.core.images import parse_reference
from gitops_action.errors import GitOpsErrors

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
ONE, TWO = (f"sha256:{letter * 64}" for letter in "ab")
PATH = ".github/gitops/holds/production.web.v1.yaml"
FORMER = ".github/gitops/holds/production-web-v1.yaml"


def hold(image: str = "ghcr.io/acme/web:v1", **changes: object) -> Hold:
    values: dict[str, object] = {"environment": "production", "application": "web"}
    values["image"] = parse_reference(image) if image else None
    return Hold(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "image", "expected"),
    [
        ("ghcr.io/acme/web:v1", "ghcr.io/acme/web:v1", True),
        ("ghcr.io/acme/web:v1", f"ghcr.io/acme/web:v1@{ONE}", True),
        ("ghcr.io/acme/web:v1", "ghcr.io/acme/web:v2", False),
        ("ghcr.io/acme/web:v1", "ghcr.io/acme/other-web:v1", False),
        (f"ghcr.io/acme/web@{ONE}", f"ghcr.io/acme/web:v9@{ONE}", True),
        (f"ghcr.io/acme/web@{ONE}", "ghcr.io/acme/web:v1", False),
        (f"ghcr.io/acme/web:main@{ONE}", f"ghcr.io/acme/web:main@{TWO}", False),
        (f"ghcr.io/acme/web:main@{ONE}", "ghcr.io/acme/web:main", True),
        ("nginx:1", "docker.io/library/nginx:1", True),
        (f"ghcr.io/acme/web:v1@{ONE}", f"mirror.example/acme/web:v1@{ONE}", True),
    ],
)
def test_a_hold_matches_repository_and_version(one: str, image: str, *, expected: bool) -> None:
    found = held([hold(one)], "production", "web", parse_reference(image), NOW)
    assert (found is not None) is expected


def test_a_hold_is_for_its_environment_application_and_time() -> None:
    image = parse_reference("ghcr.io/acme/web:v1")
    assert not held([hold()], "staging", "web", image, NOW)
    assert not held([hold()], "production", "api", image, NOW)
    assert held([hold(application=None)], "production", "api", image, NOW)
    assert held([hold()], "production", None, image, NOW)
    assert held([hold(until=NOW + timedelta(seconds=1))], "production", "web", image, NOW)
    assert not held([hold(until=NOW)], "production", "web", image, NOW)


def test_the_file_is_named_after_what_it_holds() -> None:
    assert hold_file(hold())[0] == PATH
    digest = hold(f"ghcr.io/acme/web:v1@{ONE}", application=None)
    assert hold_file(digest)[0] == ".github/gitops/holds/production._.aaaaaaaaaaaa.yaml"


def test_the_file_reads_as_people_would_write_it() -> None:
    path, data = hold_file(hold(reason='500s since 9:00 # "bad"', author="alice", since=NOW))
    assert data.decode() == (
        "environment: production\napplication: web\nimage: ghcr.io/acme/web:v1\n"
        'reason: "500s since 9:00 # \\"bad\\""\nauthor: "alice"\nsince: 2026-01-10T12:00:00Z\n'
    )
    assert load_holds({path: data})[0].reason == '500s since 9:00 # "bad"'


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.none()
    | st.datetimes(min_value=datetime(1000, 1, 1)).map(  # noqa: DTZ001 - made aware below
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
)
def test_what_is_written_is_read_back(reason: str, author: str, until: datetime | None) -> None:
    written = hold(reason=reason, author=author, since=NOW, until=until)
    path, data = hold_file(written)
    (read,) = load_holds({path: data})
    assert read == hold(reason=reason, author=author, since=NOW, until=until, file=path)


def test_other_files_are_passed_over() -> None:
    assert load_holds({".github/gitops.yaml": b"[", ".github/gitops/holds/README.md": b"["}) == ()


def test_a_date_holds_through_its_day() -> None:
    data = b"environment: a\nimage: nginx:1\nuntil: 2026-01-31\n"
    assert load_holds({PATH: data})[0].until == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[", ":1:2: "),
        (b"", "a hold is a mapping"),
        (b"image: nginx:1\n", "environment is missing"),
        (b"environment: a\nimage:\n", "image has no value"),
        (b"environment: a\napplication: ''\n", "application has no value"),
        (b"environment: a\nuntil:\n", "until has no value"),
        (b"environment: a\nimage: 3\n", ":2:8: image is not text"),
        (b"environment: a\nuntil: 9999-12-31\n", "is no time"),
        (b"environment: a\nimage: nginx\n", ":2:8: the image names no version"),
        (b"environment: a\nimage: nginx:1:2\n", "is no image reference"),
        (b"environment: a\nimage: nginx:1\nuntil: soon\n", ":3:8: until 'soon' is no time"),
        (b"environment: a\nimage: nginx:1\nreasn: x\n", "did you mean 'reason'?"),
        (b"environment: a\nimage: nginx:1\nimage: nginx:2\n", "'image' stands twice"),
    ],
)
def test_a_hold_that_cannot_be_read_is_an_error(data: bytes, expected: str) -> None:
    with pytest.raises(GitOpsErrors) as caught:
        load_holds({PATH: data, PATH.replace("v1", "v2"): b"environment: a\nimage: nginx:1\n"})
    assert any(expected in str(error) for error in caught.value.errors), caught.value.errors
    assert all(str(error).startswith(PATH) for error in caught.value.errors)


# What a hold keeps out, by what it names.


@pytest.mark.parametrize(
    ("one", "kind", "version", "pinned", "other"),
    [
        (hold(), "version", True, False, False),
        (hold(""), "pin", True, True, False),
        (hold("", application=None), "freeze", False, False, False),
        (hold(environment=ALL), "version", True, False, False),
        (hold("", environment="staging"), "pin", False, False, False),
    ],
)
def test_what_each_kind_keeps_out(
    one: Hold, kind: str, *, version: bool, pinned: bool, other: bool
) -> None:
    """v1 of web, v2 of web, v1 of another application."""
    web, newer = (parse_reference(f"ghcr.io/acme/web:{tag}") for tag in ("v1", "v2"))
    assert one.kind == kind
    assert bool(held([one], "production", "web", web, NOW)) == version
    assert bool(held([one], "production", "web", newer, NOW)) == pinned
    assert bool(held([one], "production", "api", web, NOW)) == other


def test_a_freeze_is_of_its_environment_or_of_all_and_the_last_end_counts() -> None:
    short = hold("", application=None, until=NOW + timedelta(hours=1))
    long = hold("", application=None, environment=ALL, until=NOW + timedelta(hours=2))
    ever = hold("", application=None)
    assert frozen([short, long], "production", NOW) == long
    assert frozen([short, ever, long], "production", NOW) == ever
    assert frozen([short, hold(""), hold()], "staging", NOW) is None
    assert frozen([long], "staging", NOW) == long


@pytest.mark.parametrize(
    ("since", "until", "active", "expired"),
    [
        (None, None, True, False),
        (NOW, None, True, False),
        (NOW + timedelta(seconds=1), None, False, False),
        (None, NOW, False, True),
        (NOW - timedelta(days=2), NOW + timedelta(seconds=1), True, False),
    ],
)
def test_a_hold_begins_and_ends(
    since: datetime | None, until: datetime | None, *, active: bool, expired: bool
) -> None:
    for image in ("ghcr.io/acme/web:v1", ""):
        one = hold(image, since=since, until=until)
        assert (one.active(NOW), one.expired(NOW)) == (active, expired)
        found = held([one], "production", "web", parse_reference("ghcr.io/acme/web:v1"), NOW)
        assert bool(found) == active
    freeze = hold("", application=None, since=since, until=until)
    assert bool(frozen([freeze], "production", NOW)) == active


# Names.


def test_names_that_used_to_collide_differ() -> None:
    one = hold("", environment="a-b", application="c")
    other = hold("", environment="a", application="b-c")
    assert hold_file(one)[0] != hold_file(other)[0]


@pytest.mark.parametrize(
    ("one", "stem"),
    [
        (hold(), "production.web.v1"),
        (hold(f"ghcr.io/acme/web:v1@{ONE}"), "production.web.aaaaaaaaaaaa"),
        (hold("", environment=ALL), "all.web.freeze"),
        (hold("", application=None), "production._.freeze"),
    ],
)
def test_the_name_says_environment_application_and_version(one: Hold, stem: str) -> None:
    assert hold_file(one)[0] == f".github/gitops/holds/{stem}.yaml"


NAMES = st.text(alphabet="ab-", min_size=1, max_size=4) | st.sampled_from(["freeze", "_", "a.b"])
IMAGES = st.sampled_from(["", "acme/a:b", "acme/a:freeze", "acme/b:b", f"acme/a:b@{ONE}", "x/a:b"])
SUBJECTS = st.builds(
    lambda environment, application, image: hold(
        image, environment=environment, application=application
    ),
    NAMES,
    st.none() | NAMES,
    IMAGES,
)


@given(st.lists(SUBJECTS, max_size=6))
def test_each_subject_has_a_file_of_its_own(subjects: list[Hold]) -> None:
    files: dict[str, bytes] = {}
    taken: tuple[Hold, ...] = ()
    for one in subjects:
        path, data = hold_file(one, taken)
        files[path] = data
        taken = load_holds(files)
    kept = {(one.environment, one.application, one.image) for one in taken}
    assert kept == {(one.environment, one.application, one.image) for one in subjects}
    assert len(files) == len(kept)


def test_a_former_name_is_still_read_and_stays_the_file_of_its_hold() -> None:
    (there,) = load_holds({FORMER: hold_file(hold(reason="old"))[1]})
    assert there.file == FORMER
    assert hold_file(hold(reason="new"), [there])[0] == FORMER


def test_a_file_in_a_folder_below_is_no_hold() -> None:
    assert load_holds({".github/gitops/holds/old/x.yaml": b"["}) == ()


def test_a_former_name_of_an_environment_is_its_own() -> None:
    environment = Environment(name="production", path="p", formerly=("prod",))
    path, data = hold_file(hold(environment="prod"))
    (read,) = read_holds({path: data}, Config(environments=(environment,))).holds
    assert read.environment == "production"


def test_one_unreadable_file_leaves_the_others_readable() -> None:
    good, bad = hold_file(hold()), ".github/gitops/holds/staging.web.freeze.yaml"
    found = read_holds({good[0]: good[1], bad: b"environment: staging\nuntl: 2026-01-31\n"})
    assert [one.file for one in found.holds] == [good[0]]
    assert found.unreadable == (bad,)
    assert str(found.problems[0].location) == f"{bad}:2:1"
    with pytest.raises(GitOpsErrors):
        found.readable()


# What a change to holds does.

CONFIG = Config(
    environments=(
        Environment(name="staging", path="s"),
        Environment(name="production", path="p", formerly=("prod",)),
    )
)
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def files_of(*holds: Hold) -> dict[str, bytes]:
    return dict(hold_file(one) for one in holds)


def change(before: dict[str, bytes], after: dict[str, bytes]) -> HoldsChange:
    changed = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    return hold_changes(
        read_holds(before, CONFIG),
        read_holds(after, CONFIG),
        changed=changed,
        config=CONFIG,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        ([], [hold()], ""),
        ([hold()], [hold(reason="other words")], ""),
        ([hold()], [], "removed"),
        ([hold(until=SOON)], [hold(until=LATER)], ""),
        ([hold(until=LATER)], [hold(until=SOON)], "shortened"),
        ([hold()], [hold(until=LATER)], "shortened"),
        ([hold(since=NOW)], [hold(since=SOON)], "shortened"),
        ([hold(since=SOON)], [], "removed"),
        ([hold(until=NOW)], [], ""),
        ([hold("")], [hold()], "removed"),
        ([hold()], [hold("")], ""),
        ([hold(environment=ALL)], [hold()], "removed"),
        ([hold()], [hold(environment=ALL)], ""),
        ([hold(f"ghcr.io/acme/web:v1@{ONE}")], [hold(f"ghcr.io/acme/web@{ONE}")], "narrowed"),
        ([hold(f"ghcr.io/acme/web@{ONE}")], [hold(f"ghcr.io/acme/web:v1@{ONE}")], ""),
        ([hold()], [hold(f"ghcr.io/acme/web:v1@{ONE}")], "removed"),
    ],
)
def test_taking_something_away_is_recognised(
    before: list[Hold], after: list[Hold], how: str
) -> None:
    found = change(files_of(*before), files_of(*after))
    assert [item.how for item in found.loosened] == ([how] if how else [])
    assert bool(found.loosens) == bool(how)


def test_a_change_names_the_environments_of_both_sides() -> None:
    path = ".github/gitops/holds/x.yaml"
    before = {path: hold_file(hold(environment="staging"))[1]}
    found = change(before, {path: hold_file(hold())[1]})
    assert found.environments == ("staging", "production")
    assert found.loosens == ("staging",)
    assert [one.environment for one in found.added] == ["production"]
    assert change({}, files_of(hold(environment=ALL))).environments == ("staging", "production")


@pytest.mark.parametrize(
    ("name", "environments"),
    [
        ("staging.web.freeze.yaml", ("staging",)),
        ("prod-web-v1.yaml", ("production",)),
        ("notes.yaml", ("staging", "production")),
    ],
)
def test_removing_an_unreadable_hold_is_up_to_the_environments_of_its_name(
    name: str, environments: tuple[str, ...]
) -> None:
    found = change({f".github/gitops/holds/{name}": b"["}, {})
    assert found.loosens == environments
    assert [item.how for item in found.loosened] == ["unreadable"]
