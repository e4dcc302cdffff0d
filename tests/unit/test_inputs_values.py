"""Reading inputs by their kinds, their defaults, and the runner's variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.inputs import (
    BUMP,
    DEPLOY,
    TAG,
    bump_inputs,
    check_values,
    every_input,
    split_names,
)
from gitops_action.core.inputs.values import (
    given_inputs,
    refuse_unknown_inputs,
    resolve_endpoints,
    stray_inputs,
    variable,
    with_defaults,
)
from gitops_action.errors import GitOpsErrors, UsageError

WORKING = {"images": "ghcr.io/acme/web:v1", "repository": "acme/env", "token": "t"}


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_true_as_the_toolkit_reads_it(text: str) -> None:
    assert check_values(BUMP, {"dry-run": text}).flag("dry-run") is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE", "", "  "])
def test_false_as_the_toolkit_reads_it(text: str) -> None:
    assert check_values(BUMP, {"dry-run": text}).flag("dry-run") is False


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("dry-run", "yes", "neither true nor false"),
        ("dry-run", "tRUE", "neither true nor false"),
        ("dry-run", "1", "neither true nor false"),
        ("digest", "pinned", "did you mean `pin`?"),
        ("digest", "zzz", "write one of `pin`, `keep`, `drop`"),
        (
            "repository",
            "environment",
            "NAME. Fix: name its owner, too: `OWNER/environment`",
        ),
        ("repository", "a/b/c", "not OWNER/NAME. Fix: write it like `acme/environment`"),
        ("repository", "https://github.com/a/b", "not OWNER/NAME"),
        ("repository", "acme/..", "not OWNER/NAME"),
        ("repository", "acme/env\n", ""),
        ("api-url", "github.example.com", "not an http(s) address"),
        ("api-url", "ftp://host", "not an http(s) address"),
        ("api-url", "https://user:planted@host", "user or password"),
        ("api-url", "https://host?x=1", "not an http(s) address"),
        ("api-url", "https://[::1", "not an address"),
        ("api-url", "https://host:port", "not an address"),
        ("token", "two\nlines", "several lines"),
        ("branch", "a\x00b", "control character"),
        ("branch", "a\x1b[31mb", "control character"),
    ],
)
def test_wrong_values_are_told_with_their_input(name: str, text: str, told: str) -> None:
    if not told:
        check_values(BUMP, {name: text})
        return
    with pytest.raises(UsageError) as caught:
        check_values(BUMP, {name: text})
    assert f"`{name}`" in str(caught.value)
    assert told in str(caught.value)
    assert "planted" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_kubeconfig_has_several_lines_and_other_secrets_have_one() -> None:
    text = "apiVersion: v1\nkind: Config\n"
    assert check_values(DEPLOY, {"kubeconfig": text}).text("kubeconfig") == text.strip()
    with pytest.raises(UsageError, match="kube-token"):
        check_values(DEPLOY, {"kube-token": "two\nlines"})


def test_everything_that_is_wrong_is_told_in_one_go() -> None:
    with pytest.raises(GitOpsErrors) as caught:
        check_values(BUMP, {"dry-run": "x", "mode": "y", "api-url": "z"})
    assert len(caught.value.errors) == 3
    assert caught.value.exit_code == 2


def test_names_are_separated_by_lines_and_commas() -> None:
    assert split_names(" a, b\r\n\n c,,a \n") == ("a", "b", "c")


@given(st.lists(st.from_regex(r"[a-z0-9!*/.-]{1,12}", fullmatch=True), unique=True))
def test_names_come_back_whichever_separator_is_used(names: list[str]) -> None:
    assert split_names(",".join(names)) == split_names("\n".join(names)) == tuple(names)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("dry-run", "mode", "api-url", "repository", "images", "environment"):
        try:
            check_values(BUMP, {name: text})
        except UsageError:
            continue


@pytest.mark.parametrize(
    ("name", "expected"),
    [("api-url", "INPUT_API-URL"), ("dry-run", "INPUT_DRY-RUN"), ("a b", "INPUT_A_B")],
)
def test_variables_are_named_as_the_runner_does(name: str, expected: str) -> None:
    assert variable(name) == expected


def test_inputs_come_from_their_variables() -> None:
    environ = {"INPUT_DRY-RUN": " true ", "INPUT_DRY_RUN": "false", "INPUT_IMAGES": ""}
    assert given_inputs(BUMP.inputs, environ) == {"dry-run": " true "}


def test_inputs_that_do_nothing_are_told() -> None:
    environ = {
        "INPUT_IMAGES": "a:1",
        "INPUT_TAGS": "type=raw",
        "INPUT_SEP-TAGS": "\n",
        "INPUT_COMMAND": "bump",
        "INPUT_ARGS": "x",
        "INPUT_ENTRYPOINT": "x",
    }
    assert stray_inputs(BUMP, every_input(), environ) == (
        "The input `tags` does nothing for `bump`.",
    )


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("INPUT_IMAGSE", "`images`"),
        ("INPUT_DRY_RUN", "`dry-run`"),
        ("INPUT_COMAND", "`command`"),
        ("INPUT_FLAVOUR", "`flavor`"),
        ("INPUT_XYZZY", "remove it"),
    ],
)
def test_an_unknown_input_is_an_error_with_the_nearest_one(key: str, meant: str) -> None:
    environ = {"INPUT_IMAGES": "a:1", "INPUT_ARGS": "x", "INPUT_ENTRYPOINT": "x", key: ""}
    with pytest.raises(UsageError, match="There is no input") as caught:
        refuse_unknown_inputs(BUMP, every_input(), environ)
    assert meant in caught.value.fix


def test_all_unknown_inputs_are_named_in_one_go() -> None:
    with pytest.raises(GitOpsErrors) as caught:
        refuse_unknown_inputs(BUMP, every_input(), {"INPUT_A1": "", "INPUT_B2": "x"})
    assert [str(error.title) for error in caught.value.errors] == [
        "There is no input `a1`",
        "There is no input `b2`",
    ]


def test_the_defaults_that_the_runner_sets_are_no_strays() -> None:
    environ = {variable(item.name): item.default for item in every_input()}
    environ |= {"INPUT_TOKEN": "the job's", "INPUT_SOURCE-TOKEN": "the job's"}
    assert stray_inputs(TAG, every_input(), environ) == ()
    refuse_unknown_inputs(TAG, every_input(), environ)


@pytest.mark.parametrize(
    ("given_urls", "environ", "expected"),
    [
        (
            {},
            {},
            ("https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
        (
            {},
            {"GITHUB_API_URL": "https://ghe.x/api/v3/", "GITHUB_SERVER_URL": "https://ghe.x"},
            ("https://ghe.x/api/v3", "https://ghe.x/api/graphql", "https://ghe.x"),
        ),
        (
            {"server-url": "https://ghe.x/"},
            {"GITHUB_API_URL": "https://api.github.com"},
            ("https://ghe.x/api/v3", "https://ghe.x/api/graphql", "https://ghe.x"),
        ),
        (
            {"api-url": "https://ghe.x:8443/api/v3"},
            {"GITHUB_GRAPHQL_URL": "https://api.github.com/graphql"},
            ("https://ghe.x:8443/api/v3", "https://ghe.x:8443/api/graphql", "https://ghe.x:8443"),
        ),
        (
            {"server-url": "https://acme.ghe.com"},
            {},
            (
                "https://api.acme.ghe.com",
                "https://api.acme.ghe.com/graphql",
                "https://acme.ghe.com",
            ),
        ),
        (
            {"api-url": "https://api.acme.ghe.com"},
            {},
            (
                "https://api.acme.ghe.com",
                "https://api.acme.ghe.com/graphql",
                "https://acme.ghe.com",
            ),
        ),
        (
            {"server-url": "https://github.com"},
            {"GITHUB_API_URL": "https://ghe.x/api/v3"},
            ("https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        ),
    ],
)
def test_the_addresses_of_github_follow_from_each_other(
    given_urls: dict[str, str], environ: dict[str, str], expected: tuple[str, str, str]
) -> None:
    found = resolve_endpoints(given_urls, environ)
    assert (found.api_url, found.graphql_url, found.server_url) == expected


def test_secrets_fall_back_to_their_variables_in_order() -> None:
    environ = {"GH_TOKEN": "second", "GITHUB_TOKEN": "third", "GITHUB_REPOSITORY": "acme/web"}
    texts = with_defaults(BUMP, {"images": "a:1"}, environ)
    assert (texts["token"], texts["source-token"]) == ("second", "second")
    assert texts["repository"] == "acme/web"
    assert with_defaults(BUMP, {"token": "given"}, environ)["token"] == "given"
    assert "registry-password" not in texts


def test_the_job_logs_in_at_ghcr_and_given_accounts_stay_apart() -> None:
    values = check_values(BUMP, {**WORKING, "source-token": "job"})
    inputs = bump_inputs(values, {"GITHUB_ACTOR": "alice"})
    assert (inputs.ghcr_username, inputs.ghcr_password) == ("alice", "job")
    assert (inputs.registry_username, inputs.registry_password) == ("", "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"images": ""}, "nothing to bump"),
        ({"repository": ""}, "environment repository is not known"),
        ({"token": ""}, "no token for acme/env"),
        ({"token": ""}, "`contents: write`"),
        ({"source": "acme/web"}, "OWNER/NAME@SHA"),
        ({"source": "acme/web@v1"}, "OWNER/NAME@SHA"),
        ({"source": f"acme/web@{'a' * 39}"}, "OWNER/NAME@SHA"),
    ],
)
def test_what_does_not_go_together_is_refused(change: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        bump_inputs(check_values(BUMP, {**WORKING, **change}), {})


def test_local_needs_neither_token_nor_repository() -> None:
    inputs = bump_inputs(check_values(BUMP, {"set": "a.yaml: b = c", "mode": "local"}), {})
    assert (inputs.mode, inputs.set, inputs.base) == ("local", "a.yaml: b = c", None)


def test_the_source_is_a_repository_and_a_full_commit() -> None:
    values = check_values(BUMP, {**WORKING, "source": f"acme/web@{'AB' * 20}"})
    assert str(bump_inputs(values, {}).source) == f"acme/web@{'ab' * 20}"
