import gzip
import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.adapters.github.content_read import MAX_FILE, scan
from gitops_action.adapters.github.tarstream import BrokenArchiveError, TarEntry, entries
from tests.support.archives import archive
from tests.support.properties import examples

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=300,
)


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(
    files=st.dictionaries(NAMES, st.binary(max_size=2000), max_size=6),
    size=st.integers(min_value=1, max_value=5000),
)
@settings(max_examples=examples(60))
def test_reads_what_tarfile_wrote(files: dict[str, bytes], size: int) -> None:
    found = list(entries(pieces(archive(files), size), limit=10_000))

    assert {entry.path: entry.data for entry in found} == files


def test_a_file_above_the_limit_is_passed_over_without_holding_it() -> None:
    data = archive({"top/large": b"x" * 3_000_000, "top/small": b"y"})

    found = list(entries(pieces(data), limit=1_000_000))

    assert [(entry.path, entry.size, entry.data) for entry in found] == [
        ("top/large", 3_000_000, None),
        ("top/small", 1, b"y"),
    ]


@pytest.mark.parametrize("keep", [0, 1, 10, 100, -1, -8, -20])
def test_an_archive_that_is_cut_off_is_an_error(keep: int) -> None:
    data = archive({f"top/{number}": bytes([number]) * 900 for number in range(50)})

    with pytest.raises(BrokenArchiveError):
        list(entries(pieces(data[:keep]), limit=10_000))


@pytest.mark.parametrize(
    "junk", [b"<html>not found</html>", gzip.compress(b"no tar" * 500, mtime=0)]
)
def test_what_is_no_archive_is_an_error(junk: bytes) -> None:
    with pytest.raises(BrokenArchiveError):
        list(entries([junk], limit=10_000))


@given(damage=st.integers(min_value=0, max_value=1_999), value=st.integers(0, 255))
@settings(max_examples=examples(80))
def test_damaged_headers_never_crash(damage: int, value: int) -> None:
    plain = bytearray(gzip.decompress(archive({"top/" + "n" * 200: b"data"})))
    plain[damage] = value

    try:
        found = list(entries([gzip.compress(bytes(plain))], limit=10_000))
    except BrokenArchiveError:
        return

    assert all(isinstance(entry, TarEntry) for entry in found)


def test_scan_strips_the_top_folder_and_keeps_what_is_requested() -> None:
    data = archive({"acme-env-1/a/x.yaml": b"image", "acme-env-1/b/y.yaml": b"other"})

    found = scan("c0ffee", [data], lambda _, content: b"image" in content)

    assert set(found.files) == {"a/x.yaml"}
    assert found.files["a/x.yaml"].mode == "100644"
    assert found.files["a/x.yaml"].blob is None
    assert (found.commit, found.folders) == ("c0ffee", ())


def test_scan_tells_executables() -> None:
    found = scan("c", [archive({"top/run.yaml": b""}, mode=0o775)], lambda *_: True)

    assert found.files["run.yaml"].mode == "100755"


def test_scan_keeps_links_and_never_follows_them() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        info = tarfile.TarInfo("top/out.yaml")
        info.type, info.linkname = tarfile.SYMTYPE, "../../etc/passwd"
        tar.addfile(info)

    found = scan("c", [target.getvalue()], lambda *_: False)

    assert found.files["out.yaml"].mode == "120000"
    assert found.files["out.yaml"].data == b"../../etc/passwd"


def test_a_huge_manifest_is_noted_and_a_huge_picture_is_not() -> None:
    huge = b"#" * (MAX_FILE + 1)

    found = scan("c", [archive({"t/crds.yaml": huge, "t/logo.png": huge})], lambda *_: True)

    assert found.files == {}
    assert len(found.notes) == 1
    assert "crds.yaml" in found.notes[0]
