"""Holds: read, matched and written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import Hold, held, hold_file, load_holds
from gitops_action.core.images import parse_reference
from gitops_action.errors import GitOpsErrors

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
ONE, TWO = (f"sha256:{letter * 64}" for letter in "ab")
PATH = ".github/gitops/holds/production-web-v1.yaml"


def hold(image: str = "ghcr.io/acme/web:v1", **changes: object) -> Hold:
    values: dict[str, object] = {"environment": "production", "application": "web"}
    return Hold(image=parse_reference(image), **(values | changes))  # type: ignore[arg-type]


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
    assert hold_file(digest)[0] == ".github/gitops/holds/production-web-aaaaaaaaaaaa.yaml"


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
        (b"environment: a\n", "image is missing"),
        (b"environment: a\nimage: 3\n", ":2:8: image is no text"),
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
