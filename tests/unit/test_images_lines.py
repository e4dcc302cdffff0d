"""The `images` input, the comparison of tags, pins, and source labels."""

from __future__ import annotations

import pytest

from gitops_action.core.images import (
    image_source,
    is_downgrade,
    parse_image_lines,
    parse_reference,
    source_repository,
    verify_pin,
)
from gitops_action.core.images.oci import ImageFacts
from gitops_action.errors import GitOpsErrors, UsageError

ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64
COMMIT = "ab" * 20


def test_lines_are_read_in_order_and_comments_skipped() -> None:
    text = f"# ours\n ghcr.io/acme/web:v1 \r\n\nnginx@{ONE}\nold/x = new/x:v2\n"
    web, nginx, renamed = parse_image_lines(text)
    assert (web.repository, str(web.target), web.rename) == (
        "ghcr.io/acme/web",
        "ghcr.io/acme/web:v1",
        False,
    )
    assert (nginx.repository, nginx.target.digest) == ("docker.io/library/nginx", ONE)
    assert (renamed.repository, str(renamed.target), renamed.rename) == (
        "docker.io/old/x",
        "new/x:v2",
        True,
    )


def test_the_same_line_twice_is_one_change() -> None:
    assert len(parse_image_lines("web:v1\nweb:v1")) == 1
    (change,) = parse_image_lines("nginx:1\ndocker.io/library/nginx:1\nnginx=nginx:1")
    assert str(change.target) == "nginx:1"


def test_two_targets_for_one_repository_name_both_lines() -> None:
    with pytest.raises(UsageError, match="lines 1 and 3") as caught:
        parse_image_lines("nginx:1\n# x\ndocker.io/library/nginx:2")
    assert "docker.io/library/nginx" in caught.value.title


def test_a_line_without_version_is_refused() -> None:
    with pytest.raises(UsageError, match="line 2: ghcr"):
        parse_image_lines("a:1\nghcr.io/acme/web")


def test_all_wrong_lines_are_told() -> None:
    with pytest.raises(GitOpsErrors) as caught:
        parse_image_lines("web\nWeb:v1\nok:v1\nold:v1=new:v2")
    assert [error.title.split(":")[0] for error in caught.value.errors] == [
        "`images`, line 1",
        "`images`, line 2",
        "`images`, line 4",
    ]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("v1.2.3", "v1.2.4", False),
        ("v1.2.4", "v1.2.3", True),
        ("1.10.0", "1.9.0", True),
        ("v1.2.3", "1.2.2", True),
        ("1.2.3", "1.2.3", False),
        ("1.2.3-rc.1", "1.2.3", False),
        ("1.2.3", "1.2.3-rc.1", True),
        ("1.2.3-rc2", "1.2.3-rc10", False),
        ("1.2.3-rc.10", "1.2.3-rc.9", True),
        ("1.2.3-beta.1", "1.2.3-alpha.9", True),
        ("1.2.3-alpine", "1.2.4-alpine", False),
        ("1.2.4-alpine", "1.2.3-alpine", True),
        ("1.2.3", "1.2.3-alpine", None),
        ("1.2.3", "1.2.3-1", None),
        ("1.2.3-2", "1.2.3-1", True),
        ("1.2", "1.1", True),
        ("1.2", "1.2.3", None),
        ("1.3", "1.2.3", True),
        ("2026.01.31", "2025.12.01", True),
        ("7067988", "7067987", None),
        ("latest", "v1.0.0", None),
        ("v1.0.0", "main", None),
        ("sha-abc1234", "sha-abc1233", None),
    ],
)
def test_downgrades(old: str, new: str, *, expected: bool | None) -> None:
    assert is_downgrade(old, new) is expected


def facts(digest: str, *members: str, source: str = "", revision: str = "") -> ImageFacts:
    return ImageFacts(
        digest=digest, media_type="m", members=members, source=source, revision=revision
    )


def test_a_pin_that_belongs_together_passes() -> None:
    assert verify_pin(parse_reference(f"web:v1@{ONE}"), facts(ONE)) is None
    assert verify_pin(parse_reference(f"web:v1@{ONE}"), facts(TWO, ONE)) is None
    assert verify_pin(parse_reference("web:v1"), facts(ONE)) is None
    assert verify_pin(parse_reference(f"web@{ONE}"), facts(TWO)) is None


def test_a_pin_that_does_not_belong_together_names_both() -> None:
    error = verify_pin(parse_reference(f"web:v1@{ONE}"), facts(TWO))
    assert error is not None
    assert ONE in error.cause
    assert TWO in error.cause


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/acme/web", "acme/web"),
        ("https://github.com/acme/web.git", "acme/web"),
        ("https://GitHub.com/acme/web/tree/main/sub", "acme/web"),
        ("git@github.com:acme/web.git", "acme/web"),
        ("ssh://git@github.com/acme/web.git", "acme/web"),
        ("git+https://github.com/acme/web#x", "acme/web"),
        ("https://gitlab.com/acme/web", None),
        ("https://github.com.evil.dev/acme/web", None),
        ("https://github.com@evil.dev/acme/web", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/..", None),
        ("https://github.com/-acme/web", None),
        ("https://[github.com/acme/web", None),
        ("acme/web", None),
        ("", None),
    ],
)
def test_source_labels(address: str, expected: str | None) -> None:
    assert source_repository(address, server_url="https://github.com") == expected


def test_a_source_needs_repository_and_full_commit() -> None:
    address = "https://ghe.acme.dev/acme/web"
    found = image_source(
        facts(ONE, source=address, revision=COMMIT), server_url="https://ghe.acme.dev"
    )
    assert str(found) == f"acme/web@{COMMIT}"
    for revision in ("", "v1", COMMIT[:7], COMMIT + "\nx"):
        wrong = facts(ONE, source=address, revision=revision)
        assert image_source(wrong, server_url="https://ghe.acme.dev") is None
