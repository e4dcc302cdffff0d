"""Which images an environment described at each first-parent commit of its branch.

The truth of history is content. Going back from the tip, a commit that only changes the scalars
that settle images is read from the lines it changes; anything else that could change an image is
discovered again at that commit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property, lru_cache

from gitops_action.core.config import Config, Environment, by_image_name
from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery import ImageDiscovery, Source, application_of_live, raise_errors
from gitops_action.core.discovery.image import EffectiveImage, ImageLocation, Role, split_image
from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.pattern import pattern
from gitops_action.core.repository import Snapshot
from gitops_action.errors import GitOpsError

_MOST = 300
"""Commits of an environment that are discovered again; older ones are not looked at."""
_SHARED = 4
"""Commits of which is kept what was discovered: all environments begin at the tip."""
_STEERS = pattern(
    rb"image|tag|digest|sha256|repositor|newname|resources|components|bases|chart|path|version"
    rb"|gitops",
)
_KUSTOMIZATION = pattern(r"(?:.*/)?(?:kustomization\.ya?ml|Kustomization)")

ImageKey = tuple[str, str]
"""An application, and the repository of one of its images."""


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    """A file that a commit changed, with its blobs; empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class LoggedCommit:
    """A first-parent commit, with what it changed against its first parent."""

    oid: str
    at: datetime
    author: str
    email: str
    subject: str
    files: tuple[ChangedFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ContentSpan:
    """The images that an environment described from one commit to the next that changed them.

    Attributes:
        commit: what brought them; of the oldest span the oldest commit that was looked at.
        images: whole references by application and repository.
        begins: whether `commit` brought them, and not only showed them.
    """

    commit: LoggedCommit
    images: Mapping[ImageKey, tuple[str, ...]]
    begins: bool = True


@dataclass(frozen=True, kw_only=True)
class ContentHistory:
    """An environment's spans, newest first, and the place of each commit in the history.

    `note` says why it ends before the first commit; empty where it does not.
    """

    environment: str
    spans: tuple[ContentSpan, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class _Tracked:
    """One image, with the scalars that settle its version."""

    key: ImageKey
    place: ImageLocation
    name: str
    values: Mapping[Role, str]

    @cached_property
    def text(self) -> str:
        """The whole reference as it is rendered."""
        if "reference" in self.values:
            spelling = split_image(self.values["reference"].removeprefix(self.place.prefix))
            tag, digest = spelling.tag, spelling.digest
        else:
            tag, _, digest = self.values.get("tag", "").partition("@")
            digest = self.values.get("digest", "") or digest
        whole = f"{self.name}{f':{tag}' * bool(tag)}{f'@{_digest(digest)}' * bool(digest)}"
        try:
            return str(parse_reference(whole))
        except ImageReferenceError:
            return whole

    def with_(self, values: Mapping[Role, str]) -> _Tracked:
        """The image with other values of its scalars."""
        return _Tracked(key=self.key, place=self.place, name=self.name, values=values)


def _digest(text: str) -> str:
    return text if ":" in text else f"sha256:{text}"


_Place = tuple[str, int]
"""A file and a line."""


@dataclass(frozen=True, kw_only=True)
class _State:
    """What an environment describes at one commit, and the files it stands on.

    Attributes:
        tracked: its images.
        files: what they are described in.
        images: whole references by application and repository.
        places: which of the images are settled at a place, and by which of their scalars.
    """

    tracked: tuple[_Tracked, ...]
    files: frozenset[str]
    images: Mapping[ImageKey, tuple[str, ...]]
    places: Mapping[_Place, tuple[tuple[int, Role], ...]]

    def with_(self, changed: Mapping[int, Mapping[Role, str]]) -> _State:
        """The state with other values of some images' scalars."""
        tracked = list(self.tracked)
        for number, values in changed.items():
            tracked[number] = tracked[number].with_(values)
        keys = {tracked[number].key for number in changed}
        return _State(
            tracked=tuple(tracked),
            files=self.files,
            images={**self.images, **{key: _references(tracked, key) for key in keys}},
            places=self.places,
        )


def _references(tracked: Iterable[_Tracked], key: ImageKey) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.text for one in tracked if one.key == key))


def _state(tracked: tuple[_Tracked, ...], files: frozenset[str]) -> _State:
    places: dict[_Place, list[tuple[int, Role]]] = {}
    for number, one in enumerate(tracked):
        for role, spot in one.place.spots.items():
            if role in one.values:
                places.setdefault((spot.file, spot.line), []).append((number, role))
    keys = sorted({one.key for one in tracked})
    return _State(
        tracked=tracked,
        files=files,
        images={key: _references(tracked, key) for key in keys},
        places={place: tuple(each) for place, each in places.items()},
    )


Blobs = Callable[[Sequence[str]], Mapping[str, bytes]]
"""The content of blobs by their ids; what cannot be fetched is left out."""
Files = Callable[[str], Snapshot]
"""The YAML files of a commit."""


def read_histories(  # noqa: PLR0913 - where content is read
    log: Sequence[LoggedCommit],
    environments: Sequence[Environment],
    config: Config,
    *,
    blobs: Blobs,
    files: Files,
    repository: str = "",
    branch: str = "",
) -> tuple[ContentHistory, ...]:
    """The images of environments over their branch's first-parent history.

    Args:
        log: newest first.
        environments: as they are configured at the tip.
        config: the same.
        blobs: reads content.
        files: reads a commit's files.
        repository: OWNER/NAME, by which sources of Argo CD are known to be this repository.
        branch: whose history it is: an Application that reads another describes nothing here.
    """

    @lru_cache(maxsize=_SHARED)
    def discovery(commit: str) -> ImageDiscovery:
        source = Source(snapshot=files(commit), repository=repository, branch=branch)
        return ImageDiscovery(source)

    index = _positions(log)
    walks = (
        _HistoryWalk(environment=one, config=config, blobs=blobs, discovery=discovery, index=index)
        for one in environments
    )
    return tuple(walk.run(log) for walk in walks)


def _positions(log: Sequence[LoggedCommit]) -> Mapping[str, Sequence[int]]:
    """The commits that changed each path, by their position in the log."""
    found: dict[str, list[int]] = {}
    for position, commit in enumerate(log):
        for one in commit.files:
            found.setdefault(one.path, []).append(position)
    return found


@dataclass(frozen=True, kw_only=True)
class _HistoryWalk:
    environment: Environment
    config: Config
    blobs: Blobs
    discovery: Callable[[str], ImageDiscovery]
    index: Mapping[str, Sequence[int]]

    def run(self, log: Sequence[LoggedCommit]) -> ContentHistory:
        """Go back from the tip."""
        name = self.environment.name
        if not log:
            return ContentHistory(environment=name, spans=())
        try:
            state = self._discovered(log[0].oid)
        except GitOpsError as error:
            note = f"{name} cannot be read at {log[0].oid[:12]}: {error}"
            return ContentHistory(environment=name, spans=(), note=note)
        spans, note = self._back(log, state)
        return ContentHistory(environment=name, spans=tuple(spans), note=note)

    def _back(self, log: Sequence[LoggedCommit], state: _State) -> tuple[list[ContentSpan], str]:
        spans: list[ContentSpan] = []
        left = _MOST
        content = _Content(self.blobs, log, self.environment, self.index)
        position = -1
        while (found := content.following(position, state.files)) is not None:
            position, commit = found, log[found]
            touched = content.touched(commit, state.files)
            content.ahead(position, touched, state.files)
            before = self._by_lines(touched, state, content)
            if before is None:
                if not left:
                    spans.append(ContentSpan(commit=commit, images=state.images, begins=False))
                    return spans, f"commits before {commit.oid[:12]} were not looked at"
                left -= 1
                try:
                    before = self._before(log, position)
                except GitOpsError as error:
                    spans.append(ContentSpan(commit=commit, images=state.images))
                    place = f"{self.environment.name} cannot be read before {commit.oid[:12]}"
                    return spans, f"{place}: {error.title}"
            if before is not state and before.images != state.images:
                spans.append(ContentSpan(commit=commit, images=state.images))
            state = before
        if state.tracked:
            spans.append(ContentSpan(commit=log[-1], images=state.images))
        return spans, ""

    def _before(self, log: Sequence[LoggedCommit], position: int) -> _State:
        if position + 1 == len(log):
            return _state((), frozenset())
        return self._discovered(log[position + 1].oid)

    def _discovered(self, commit: str) -> _State:
        discovery = self.discovery(commit)
        found = discovery.discovered(self.environment)
        raise_errors(discovery.source, found.files)
        tracked = (self._tracked(live) for live in found.lives if not live.dead)
        return _state(tuple(one for one in tracked if one), found.files)

    def _tracked(self, live: EffectiveImage) -> _Tracked | None:
        if live.repository is None:
            return None
        application = application_of_live(live, self.environment, self.config)
        spelling = live.spelling
        values: dict[Role, str] = {
            role: spot.value
            for role, spot in live.version.spots.items()
            if role in {"reference", "tag", "digest"}
        }
        if not values:
            values = {"tag": spelling.tag, "digest": spelling.digest}
        key = (application or by_image_name(live.repository), live.repository)
        return _Tracked(key=key, place=live.version, name=spelling.name, values=values)

    def _by_lines(
        self, touched: Sequence[ChangedFile], state: _State, content: _Content
    ) -> _State | None:
        """The state before, where lines show it; None where it has to be discovered."""
        changed: dict[int, dict[Role, str]] = {}
        for one in touched:
            lines = content.lines(one)
            if lines is None:
                return None
            for line, pair in lines.items():
                settled = state.places.get((one.path, line))
                if settled is None and _matters(one.path, pair):
                    return None
                for number, role in settled or ():
                    values = changed.setdefault(number, dict(state.tracked[number].values))
                    old = _other(pair, values[role])
                    if old is None:
                        return None
                    values[role] = old
        return state.with_(changed) if changed else state


def _matters(path: str, lines: tuple[bytes, bytes]) -> bool:
    """Whether a changed line that settles no known image could change one."""
    if _KUSTOMIZATION.fullmatch(path):
        return True
    return any(_STEERS.search(line.lower()) for line in lines)


def _other(lines: tuple[bytes, bytes], value: str) -> str | None:
    """What stood in the older line where the newer one has `value`."""
    older, newer = (line.decode("utf-8", "replace") for line in lines)
    if not value or newer.count(value) != 1:
        return None
    start, _, end = newer.partition(value)
    if not (older.startswith(start) and older.endswith(end)):
        return None
    found = older[len(start) : len(older) - len(end)]
    return found if found and len(start) + len(end) <= len(older) else None


class _Content:
    """The blobs of an environment's changed files, read for many commits at a time."""

    _AHEAD = 1000

    def __init__(
        self,
        blobs: Blobs,
        log: Sequence[LoggedCommit],
        environment: Environment,
        index: Mapping[str, Sequence[int]],
    ) -> None:
        self._blobs = blobs
        self._log = log
        self._contains = cache(environment.contains)
        self._index = index
        self._files: frozenset[str] | None = None
        self._due: Sequence[int] = ()
        self._known: dict[str, Sequence[bytes] | None] = {"": None}

    def following(self, position: int, files: frozenset[str]) -> int | None:
        """The next older commit that changes these files, or the environment's folder."""
        due = self._positions(files)
        place = bisect_right(due, position)
        return due[place] if place < len(due) else None

    def _positions(self, files: frozenset[str]) -> Sequence[int]:
        if files is not self._files:
            paths = (path for path in self._index if path in files or self._contains(path))
            self._due = sorted({place for path in paths for place in self._index[path]})
            self._files = files
        return self._due

    def touched(self, commit: LoggedCommit, files: frozenset[str]) -> Sequence[ChangedFile]:
        """What a commit changed of these files, or in the environment's folder."""
        return [one for one in commit.files if one.path in files or self._contains(one.path)]

    def ahead(self, position: int, due: Sequence[ChangedFile], files: frozenset[str]) -> None:
        """Have these files' blobs at hand, and with them those of the next commits."""
        if all(one.before in self._known and one.after in self._known for one in due):
            return
        blobs: dict[str, None] = {}
        due_next = self._positions(files)
        for number in due_next[bisect_left(due_next, position) :]:
            for one in self.touched(self._log[number], files):
                blobs |= {one.before: None, one.after: None}
            if len(blobs) >= self._AHEAD:
                break
        blobs.pop("", None)
        found = self._blobs(list(blobs))
        self._known = dict.fromkeys(("", *blobs))
        self._known |= {oid: data.split(b"\n") for oid, data in found.items()}

    def lines(self, changed: ChangedFile) -> Mapping[int, tuple[bytes, bytes]] | None:
        """The lines that differ, older and newer, by number; None where they do not pair."""
        before, after = self._known[changed.before], self._known[changed.after]
        if before is None or after is None or len(before) != len(after):
            return None
        pairs = enumerate(zip(before, after, strict=True), start=1)
        return {number: pair for number, pair in pairs if pair[0] != pair[1]}
