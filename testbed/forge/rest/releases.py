"""Releases: what GitHub shows of a tag. Drafts and assets are not served."""

from __future__ import annotations

from testbed.forge import refs
from testbed.forge.errors import invalid, not_found, not_served
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.records import Release
from testbed.forge.rest.git import full_repository
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, user, web

READ, WRITE = ("contents", "read"), ("contents", "write")
_RELEASES = "/repos/{owner}/{repo}/releases"


def _view(call: Call, release: Release) -> Json:
    base, page = api(call.world, call.repository), web(call.world, call.repository)
    url = f"{base}/releases/{release.id}"
    return {
        "id": release.id,
        "node_id": node_id("RE", call.repository.id, release.id),
        "url": url,
        "html_url": f"{page}/releases/tag/{release.tag}",
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "tarball_url": f"{base}/tarball/{release.tag}",
        "zipball_url": f"{base}/zipball/{release.tag}",
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": False,
        "immutable": False,
        "prerelease": release.prerelease,
        "created_at": stamp(release.created_at),
        "updated_at": stamp(release.created_at),
        "published_at": stamp(release.created_at),
        "author": user(call.world, release.author),
        "assets": [],
    }


@serves("GET " + _RELEASES, READ, paged=True)
def list_releases(call: Call) -> list[Json]:
    """List releases, newest first."""
    return [_view(call, one) for one in reversed(call.repository.releases.values())]


@serves("GET " + _RELEASES + "/latest", READ)
def latest_release(call: Call) -> Json:
    """Read the one that is marked as the latest."""
    found = call.repository.releases.get(call.repository.latest_release)
    if found is None:
        raise not_found()
    return _view(call, found)


@serves("GET " + _RELEASES + "/tags/{tag}", READ)
def release_by_tag(call: Call) -> Json:
    """Read the release of a tag."""
    return _view(call, _of(call, call.parameters["tag"]))


def _of(call: Call, tag: str) -> Release:
    for release in call.repository.releases.values():
        if release.tag == tag:
            return release
    raise not_found()


@serves("POST " + _RELEASES, WRITE, status=201, creates=True)
def create_release(call: Call) -> Json:
    """Publish a release; a tag that is not there is made at `target_commitish`."""
    repository, body, tag = full_repository(call), call.body, call.body["tag_name"]
    for name in ("draft", "generate_release_notes", "discussion_category_name"):
        if body.get(name):
            raise not_served(f"a release with `{name}`")
    with repository.lock:
        if any(release.tag == tag for release in repository.releases.values()):
            raise invalid("Validation Failed", code="already_exists", field="tag_name")
        target = body.get("target_commitish") or repository.default_branch
        if repository.git.ref(f"refs/tags/{tag}") is None:
            _tag(call, tag, target)
        release = Release(
            id=call.world.next_id(),
            tag=tag,
            target=target,
            name=body.get("name"),
            body=body.get("body"),
            prerelease=bool(body.get("prerelease")),
            author=call.actor.account,
            created_at=call.world.now(),
        )
        repository.releases[release.id] = release
        if body.get("make_latest", "true") == "true" and not release.prerelease:
            repository.latest_release = release.id
    return _view(call, release)


def _tag(call: Call, tag: str, target: str) -> None:
    oid = call.repository.git.resolve(target)
    if oid is None:
        raise invalid("Validation Failed", code="invalid", field="target_commitish")
    update = RefUpdate(ref=f"refs/tags/{tag}", new=oid, old=ABSENT)
    refs.move(call.world, call.repository, call.actor, [update])
