"""Every type of rule and its attributes, by docker/metadata-action's documented results."""

from __future__ import annotations

import pytest

from gitops_action.core.tags import compute
from gitops_action.core.tags.compute import MetadataInputs
from tests.support.tag_events import HEAD, SHA, context, metadata, names

SEMVER = "type=semver,pattern={{version}};type=semver,pattern={{major}}.{{minor}}"
VERSION = "type=semver,pattern={{version}}"
TOKYO = "type=schedule,pattern={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}"
BOTH = "prefix=foo-,onlatest=true;suffix=-dev,onlatest=true"
PEP440 = "type=pep440,pattern={{version}};type=pep440,pattern={{major}}.{{minor}}"
ALL = "type=ref,event=tag;type=ref,event=pr;type=ref,event=branch;type=sha"


@pytest.mark.parametrize(
    ("event", "tags", "expected"),
    [
        # No rules at all: schedule, branch, tag, pr.
        ("main", "", "main"),
        ("dev", "", "dev"),
        ("slash", "", "my-feature-1-more"),
        ("v1.2.3", "", "v1.2.3 latest"),
        ("beta", "", "v2.0.8-beta.67 latest"),
        ("mono", "", "p1-v1.0.0 latest"),
        ("pr", "", "pr-15"),
        ("target", "", "pr-15"),
        ("schedule", "", "nightly main"),
        ("dispatch", "", "main"),
        ("queue", "", "gh-readonly-queue-main-pr-7-abc"),
        ("release", "", "v1.2.3 latest"),
        ("nothing", "", ""),
        ("main", "# only a comment", "main"),
        # schedule
        ("schedule", "type=schedule", "nightly"),
        ("schedule", "type=schedule,pattern=weekly", "weekly"),
        ("schedule", "type=schedule,pattern={{date 'YYYYMMDD'}}", "20200110"),
        (
            "schedule",
            "type=schedule,pattern={{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}",
            "20200110-093000",
        ),
        ("schedule", "type=schedule,pattern=src-{{commit_date 'YYYY-MM-DD'}}", "src-2019-12-31"),
        ("schedule", "type=schedule;type=sha,priority=2000", "sha-90dd603 nightly"),
        ("main", "type=schedule", ""),
        # semver
        ("v1.2.3", SEMVER, "1.2.3 1.2 latest"),
        ("v1.2.3", "type=semver,pattern={{raw}}", "v1.2.3 latest"),
        ("v1.2.3", "type=semver,pattern=v{{major}}", "v1 latest"),
        ("v1.2.3", "type=semver,pattern={{minor}};type=semver,pattern={{patch}}", "2 3 latest"),
        (
            "v1.2.3",
            "type=semver,pattern={{version}};type=semver,pattern={{major}}.{{minor}}.{{patch}}",
            "1.2.3 latest",
        ),
        ("beta", SEMVER, "2.0.8-beta.67"),
        ("beta", "type=semver,pattern={{major}}", "2.0.8-beta.67"),
        ("beta", "type=semver,pattern={{raw}}", "v2.0.8-beta.67"),
        ("beta", "type=semver,pattern={{ raw }}", "v2.0.8-beta.67"),
        ("beta", "type=semver,pattern={{raw}}-x", "2.0.8-beta.67"),
        ("build", "type=semver,pattern={{version}}", "9.5.7-alpha.2"),
        ("build", "type=semver,pattern={{raw}}", "v9.5.7-alpha.2-fork.3.1"),
        ("sometag", SEMVER, ""),
        ("mono", SEMVER, ""),
        ("1.2", SEMVER, ""),
        ("main", SEMVER, ""),
        ("pr", SEMVER, ""),
        ("main", "type=semver,pattern={{version}},value=v1.2.3;type=edge", "1.2.3 edge latest"),
        ("main", "type=semver,pattern={{major}},value=2.0.0-rc.1", "2.0.0-rc.1"),
        ("v1.2.3", "type=semver,pattern={{version}},value=", "1.2.3 latest"),
        ("v1.2.3", "type=semver,pattern={{version}},value={{branch}}", ""),
        ("v1.2.3", "type=semver,pattern={{version}},value={{tag}}", "1.2.3 latest"),
        ("main", "type=semver,pattern={{version}},value==1.2.3", ""),
        ("main", "type=semver,pattern={{version}},value=1.2.3/rc", "1.2.3-rc"),
        ("mono", r"type=semver,pattern={{version}},match=v(\d.\d.\d)$", "1.0.0 latest"),
        ("mono", "type=semver,pattern=v{{major}},match=p1/(v.*)", "v1 latest"),
        ("mono", "type=semver,pattern={{raw}},match=p1/(v.*)", "v1.0.0 latest"),
        ("mono", "type=semver,pattern={{version}},match=web/(v.*)", ""),
        ("v1.2.3", "type=semver,pattern={{version}},match=web/(v.*)", "1.2.3 latest"),
        ("main", "type=semver,pattern={{version}},value=p1/v1.0.0,match=p1/(.*)", "1.0.0 latest"),
        ("main", "type=semver,pattern={{version}},match=(.*)", ""),
        ("main", "type=semver,pattern={{version}},value=w/1.2.3/rc,match=w/(.*)", "1.2.3-rc"),
        ("main", "type=semver,pattern={{version}}-{{build}},value=1.2.3+a.1", "1.2.3-a-1 latest"),
        ("main", "type=semver,pattern={{version}},value=9007199254740992.0.0", ""),
        ("main", f"type=semver,pattern={{{{version}}}},value=1.0.0-{'a' * 256}", ""),
        ("mono", r"type=pep440,pattern={{version}},match=v(\d.\d.\d)$", "1.0.0 latest"),
        ("main", "type=pep440,pattern={{version}},value=p1/v1.0rc1,match=p1/(.*)", "1.0rc1"),
        ("v1.2.3", r"type=match,pattern=/\d/g,group=1", "2 latest"),
        # pep440
        ("v1.2.3", PEP440, "1.2.3 1.2 latest"),
        ("v1.2.3", "type=pep440,pattern={{raw}}", "v1.2.3 latest"),
        ("v1.2.3", "type=pep440,pattern={{major}}.{{minor}}.{{patch}}", "1.2.3 latest"),
        ("1.2", PEP440, "1.2 latest"),
        ("1.2", "type=pep440,pattern={{patch}}", "0 latest"),
        ("1.2.3rc2", PEP440, "1.2.3rc2"),
        ("1.2.3rc2", "type=pep440,pattern={{raw}};type=pep440,pattern={{major}}", "1.2.3rc2"),
        ("1.0dev4", PEP440, "1.0.dev4"),
        ("1.2post1", PEP440, "1.2.post1"),
        ("1.2post1", "type=pep440,pattern={{raw}}", "1.2post1"),
        ("main", "type=pep440,pattern={{version}},value=1.1beta2", "1.1b2"),
        ("main", "type=pep440,pattern={{version}},value=1.0+local.1", "1.0-local.1 latest"),
        ("main", "type=pep440,pattern={{version}},value=1.0/1", "1.0.post1"),
        ("sometag", PEP440, ""),
        ("main", PEP440, ""),
        # match
        ("v1.2.3", r"type=match,pattern=\d.\d.\d", "1.2.3 latest"),
        ("beta", r"type=match,pattern=v(.*),group=1", "2.0.8-beta.67 latest"),
        ("beta", r"type=match,pattern=v(\d.\d),group=1", "2.0 latest"),
        ("beta", r'type=match,"pattern=v(.*)-beta.(.*)",group=2', "67 latest"),
        ("beta", r"type=match,pattern=\d.\d.\d-(alpha|beta).\d+", "2.0.8-beta.67 latest"),
        ("date", r"type=match,pattern=\d+", "20200110 latest"),
        ("date", r'type=match,"pattern=^\d+-RC\d{1,2}"', "20200110-RC2 latest"),
        ("mono", r"type=match,pattern=p1/v(\d.\d.\d),group=1", "1.0.0 latest"),
        ("mono", r"type=match,pattern=p1/v(\d.\d),group=3", ""),
        ("date", "type=match,pattern=/-rc(.)/i,group=1", "2 latest"),
        ("mono", r'type=match,"pattern=/^v(\d.\d.\d)$/ig",group=1', ""),
        ("v1.2.3", r"type=match,pattern=v(?<major>\d),group=1", "1 latest"),
        ("v1.2.3", r"type=match,pattern=(?<=v)\d", "1 latest"),
        ("v1.2.3", "type=match,pattern=v(x)?(.*),group=1", ""),
        ("main", "type=match,pattern=v(.*),group=1,value=v1.2.3", "1.2.3 latest"),
        ("sometag", r"type=match,pattern=\d", ""),
        ("main", r"type=match,pattern=\d", ""),
        ("main", "type=match,pattern=\\d,value=\N{ARABIC-INDIC DIGIT ONE}", ""),
        # edge
        ("main", "type=edge", "edge"),
        ("dispatch", "type=edge", "edge"),
        ("dev", "type=edge", ""),
        ("dev", "type=edge,branch=dev", "edge"),
        ("main", "type=edge,branch=dev", ""),
        ("v1.2.3", "type=edge", ""),
        ("pr", "type=edge", ""),
        ("target", "type=edge", ""),
        # ref
        ("pr", ALL, "pr-15 sha-90dd603"),
        ("target", ALL, "pr-15 sha-90dd603"),
        ("v1.2.3", ALL, "v1.2.3 sha-90dd603 latest"),
        ("dispatch-dev", ALL, "dev sha-90dd603"),
        ("pr", "type=ref,event=pr,prefix=", "15"),
        ("pr", "type=ref,event=pr,prefix=mr-,suffix=-x", "mr-15-x"),
        # raw
        ("main", "type=raw,value=foo;type=raw,bar;baz", "foo bar baz"),
        ("main", "value=foo", "foo"),
        ("main", "type=raw,value=a=b", "a-b"),
        ("main", "type=raw,value=", ""),
        ("main", "type=raw,value=foo,prefix=p-,suffix=-s", "p-foo-s"),
        ("main", "type=raw,value=latest,enable={{is_default_branch}}", "latest"),
        ("dev", "type=raw,value=latest,enable={{is_default_branch}}", ""),
        ("main", "type=raw,value=feature x/y+z", "feature-x-y-z"),
        ("main", "type=raw,value=Größe", "Gr-e"),
        # sha
        ("main", "type=sha", "sha-90dd603"),
        ("main", "type=sha,format=short,prefix=", "90dd603"),
        ("main", "type=sha,format=long", f"sha-{SHA}"),
        ("main", "type=sha,prefix={{branch}}-", "main-90dd603"),
        ("nothing", "type=sha", ""),
        # enable, priority, repetition
        ("main", "type=raw,foo;type=raw,bar,enable=false;type=raw,baz,enable=true", "foo baz"),
        ("main", "type=ref,event=branch;type=edge", "edge main"),
        ("main", "type=ref,priority=2000,event=branch;type=edge", "main edge"),
        ("main", "type=sha;foo;type=ref,event=branch;type=edge", "edge main foo sha-90dd603"),
        ("main", "b;a;type=raw,c,priority=200.5;d", "c b a d"),
        ("main", "type=raw,foo,priority=-1;type=sha", "sha-90dd603 foo"),
        ("main", "foo;foo;bar;foo", "foo bar"),
        (
            "v1.2.3",
            r"type=semver,pattern={{raw}};type=match,pattern=\d;type=pep440,pattern={{major}}",
            "v1.2.3 1 latest",
        ),
    ],
)
def test_rules(event: str, tags: str, expected: str) -> None:
    assert names(event, tags) == expected.split()


@pytest.mark.parametrize(
    ("event", "tags", "flavor", "expected"),
    [
        ("v1.2.3", "", "latest=false", "v1.2.3"),
        ("main", "", "latest=true", "main latest"),
        ("nothing", "", "latest=true", ""),
        ("v1.2.3", "type=raw,foo,priority=2000;type=ref,event=tag", "", "foo v1.2.3"),
        ("v1.2.3", "type=ref,event=tag;type=raw,foo", "", "v1.2.3 foo latest"),
        ("v1.2.3", "type=ref,event=tag;latest", "", "v1.2.3 latest"),
        ("beta", r"type=semver,pattern={{version}};type=match,pattern=\d", "", "2.0.8-beta.67 2"),
        ("pr", "type=ref,event=pr", "prefix=glo-;suffix=-bal", "pr-15-bal"),
        ("pr", "type=ref,event=pr,prefix=", "prefix=glo-;suffix=-bal", "15-bal"),
        (
            "main",
            "foo;type=raw,bar,prefix=b-,suffix=",
            "prefix=glo-,suffix=-bal",
            "glo-foo-bal b-bar",
        ),
        ("v1.2.3", SEMVER, "suffix=-dev", "1.2.3-dev 1.2-dev latest"),
        (
            "v1.2.3",
            "type=semver,pattern={{version}}",
            "suffix=-dev,onlatest=true",
            "1.2.3-dev latest-dev",
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{version}}",
            BOTH,
            "foo-1.2.3-dev foo-latest-dev",
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{version}}",
            "prefix=foo-,onlatest=true,suffix=-dev",
            "foo-1.2.3-dev foo-latest",
        ),
        (
            "v1.2.3",
            "type=semver,pattern={{version}}",
            "prefix=foo-,onlatest=false",
            "foo-1.2.3 latest",
        ),
        ("main", "foo", "latest=true;prefix={{branch}}-,onlatest=true", "main-foo main-latest"),
        ("schedule", "type=schedule", "prefix=glo-;suffix=-bal", "glo-nightly-bal"),
        ("main", "foo", "# nothing here", "foo"),
        ("main", "foo", "LATEST=true", "foo latest"),
    ],
)
def test_flavor_and_latest(event: str, tags: str, flavor: str, expected: str) -> None:
    assert names(event, tags, flavor) == expected.split()


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ("acme/web", "acme/web:main"),
        ("acme/web,ghcr.io/acme/web", "acme/web:main ghcr.io/acme/web:main"),
        ("acme/web\nghcr.io/ACME/Web", "acme/web:main ghcr.io/acme/web:main"),
        ("name=acme/web\nname=ghcr.io/acme/web,enable=false", "acme/web:main"),
        ("acme/web\nghcr.io/acme/web,enable=false", "acme/web:main"),
        ("# a comment\nlocalhost:5000/web  # at the end", "localhost:5000/web:main"),
        ("acme/web\nacme/web", "acme/web:main"),
        ("acme/web,", "acme/web:main"),
        ("", "main"),
        ("name=acme/web,enable=false", "main"),
    ],
)
def test_images(images: str, expected: str) -> None:
    assert list(metadata("main", images=images).tags) == expected.split()


def test_each_image_gets_every_tag_before_the_next() -> None:
    found = metadata("v1.2.3", SEMVER, images="org/app\nghcr.io/user/app")
    assert found.tags == (
        "org/app:1.2.3",
        "org/app:1.2",
        "org/app:latest",
        "ghcr.io/user/app:1.2.3",
        "ghcr.io/user/app:1.2",
        "ghcr.io/user/app:latest",
    )
    assert found.tag_names == ("1.2.3", "1.2", "latest")
    assert found.version == "1.2.3"


def test_the_short_commit_id_can_be_longer() -> None:
    found = compute(MetadataInputs(tags="type=sha"), context("main", sha=HEAD, short_length=12))
    assert found.version == "sha-3370e228f220"
    found = compute(MetadataInputs(tags="type=sha"), context("main", short_length=99))
    assert found.version == f"sha-{SHA}"


@pytest.mark.parametrize(
    ("event", "tags", "told"),
    [
        ("sometag", VERSION, "'sometag' is not a semantic version"),
        ("sometag", "type=pep440,pattern={{version}}", "'sometag' is not a PEP 440 version"),
        ("main", "type=semver,pattern={{version}},value={{tag}}", "'' is not a semantic version"),
        ("sometag", r"type=match,pattern=\d", r"\d does not match 'sometag'"),
        ("v1.2.3", "type=match,pattern=v(.*),group=2", "no group 2"),
        ("main", "type=raw,value=x,enabel=false", "did you mean `enable`?"),
        ("main", "type=sha,value=x", "value means nothing for type=sha"),
        ("main", "type=raw,value=-x", "'-x' cannot be pushed"),
        ("main", "type=raw,value=.x", "'.x' cannot be pushed"),
        ("main", f"type=raw,value={'x' * 129}", "at most 128"),
    ],
)
def test_what_could_not_be_applied_is_told(event: str, tags: str, told: str) -> None:
    (warning,) = metadata(event, tags).warnings
    assert told in warning


@pytest.mark.parametrize("tags", ["type=sha", f"type=raw,value={'x' * 128}", "_x"])
def test_what_is_in_order_is_not_warned_of(tags: str) -> None:
    assert metadata("v1.2.3", tags).warnings == ()


def test_a_match_that_does_not_match_is_a_warning_and_the_whole_text_goes_on() -> None:
    found = metadata("v1.2.3", "type=semver,pattern={{version}},match=web/(v.*)")
    assert found.version == "1.2.3"
    (warning,) = found.warnings
    assert "web/(v.*) does not match 'v1.2.3', which is taken as a whole" in warning


def test_without_a_match_a_text_that_is_no_version_gives_both_reasons() -> None:
    (warning, *_) = metadata("mono", "type=semver,pattern={{version}},match=web/(v.*)").warnings
    assert "web/(v.*) does not match 'p1/v1.0.0'" in warning
    assert "'p1-v1.0.0' is not a semantic version" in warning
