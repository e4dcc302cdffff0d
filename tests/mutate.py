"""Mutation test of the rules that security rests on: which mutants does no test detect?

    make mutation                                # all
    .venv/bin/python -m tests.mutate --list      # the mutants
    .venv/bin/python -m tests.mutate is_local    # those of one function
    .venv/bin/python -m tests.mutate --shard 1/4 # every fourth, from the first

A rule is named by its function, so that its file may move. A mutant inverts a comparison, or drops
one operand of `and`, `or`, `not`, `&` or `|`. `EQUIVALENT` names the mutants that no test can
detect, each with the reason. `tests/unit/test_mutation_table.py` compares table and source.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gitops_action"
UNIT = "tests/unit"
SECONDS = 300
"""After which a mutant counts as detected: its tests hang."""

PRELOADED = ("hypothesis", "jinja2", "requests", "ruamel.yaml", "github", "git")
"""Libraries that are imported once, before the processes of the mutants begin."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A function that decides about trust, and the tests that have to notice when it is wrong."""

    function: str
    tests: tuple[str, ...]
    within: str = ""
    """The class that it is in, where several functions share a name; or a part of its path."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change to a source file."""

    rule: Rule
    file: Path
    line: int
    what: str
    text: str

    @property
    def key(self) -> str:
        """What names it, wherever its line moves."""
        within = self.rule.within.rpartition("/")[2]
        return f"{within}{'.' if within else ''}{self.rule.function}: {self.what}"

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} {self.key}"


TRUST = (f"{UNIT}/test_trust_rules.py",)
COMMANDS = (f"{UNIT}/test_command_lines.py",)
STEPS = (f"{UNIT}/test_steps_guard.py", f"{UNIT}/test_images_lines.py")
PRUNE = (f"{UNIT}/test_deploy_prune.py", f"{UNIT}/test_prune_protection.py")
PATTERNS = (f"{UNIT}/test_untrusted_patterns.py",)
ADDRESSES = (f"{UNIT}/test_registry_addresses.py",)
CHARTS = (f"{UNIT}/test_charts_in_jobs.py",)
TRANSPORT = ("tests/integration/test_github_transport.py",)
LOOKUP = ("tests/integration/test_registry_lookup.py",)
REGISTRY = ("tests/integration/test_registry_faults.py",)
JINJA = (f"{UNIT}/test_report_views.py", f"{UNIT}/test_untrusted_templates.py")
APPROVALS = (f"{UNIT}/test_gates_approvals.py",)
HISTORY = (f"{UNIT}/test_gates_base_history.py",)
CACHE = (f"{UNIT}/test_gates_head_cache.py",)
DECISIONS = (f"{UNIT}/test_gates_decisions.py",)
EVALUATE = (f"{UNIT}/test_gates_evaluate.py",)
RETURNS = (f"{UNIT}/test_gates_rollback.py",)
CHECKS = (f"{UNIT}/test_gates_checks.py",)
PROVENANCE = (f"{UNIT}/test_gates_provenance.py",)
BUNDLES = (f"{UNIT}/test_attestation_bundles.py",)
DOWNLOADS = ("tests/integration/test_bundle_downloads.py",)
GATE = (f"{UNIT}/test_gate_command.py",)
SNAPPY = (f"{UNIT}/test_snappy.py",)
JOB_TOKEN = (f"{UNIT}/test_gates_job_token.py",)
PROOF = (f"{UNIT}/test_deployments_proof.py",)
CHOICE = (f"{UNIT}/test_rollback_choice.py",)
COMMENTS = (f"{UNIT}/test_comments_parse.py",)

RULES = (
    Rule(function="_declined_before", tests=TRUST),
    Rule(function="_declined", within="pull_request_state", tests=TRUST),
    Rule(function="_proposes", within="pull_request_state", tests=TRUST),
    Rule(function="_foreign", tests=TRUST),
    Rule(function="_is_ours", within="pull_request_state", tests=TRUST),
    Rule(function="_without_open", tests=TRUST),
    Rule(function="refuse_held", tests=STEPS),
    Rule(function="refuse_backwards", tests=STEPS),
    Rule(function="held", within="config/holds", tests=(*STEPS, f"{UNIT}/test_holds_files.py")),
    Rule(function="is_downgrade", tests=STEPS),
    Rule(function="__post_init__", within="CommandLine", tests=COMMANDS),
    Rule(function="_written", within="process", tests=COMMANDS),
    Rule(function="_checked", within="helm_names", tests=COMMANDS),
    Rule(function="chart_problems", tests=COMMANDS),
    Rule(function="_field_problems", tests=COMMANDS),
    Rule(function="composed_name", tests=COMMANDS),
    Rule(function="expression_limit", tests=PATTERNS),
    Rule(function="too_many_steps", tests=PATTERNS),
    Rule(function="bounded_regex", tests=PATTERNS),
    Rule(function="call_binop", tests=JINJA),
    Rule(function="_refuse_large", within="bounded_jinja", tests=JINJA),
    Rule(function="_step", within="bounded_jinja", tests=JINJA),
    Rule(function="delay_seconds", tests=(f"{UNIT}/test_odd_answers.py",)),
    Rule(function="epoch_seconds", tests=(f"{UNIT}/test_odd_answers.py",)),
    Rule(function="is_loopback", within="registry/addresses", tests=ADDRESSES),
    Rule(function="is_local", tests=ADDRESSES),
    Rule(function="_address", within="registry/addresses", tests=ADDRESSES),
    Rule(function="leads_home", tests=ADDRESSES),
    Rule(function="is_safe", tests=ADDRESSES),
    Rule(function="same_site", tests=ADDRESSES),
    Rule(function="same_origin", tests=ADDRESSES),
    Rule(function="_refuse_local", within="RegistryClient", tests=REGISTRY),
    Rule(function="_transport_to", tests=REGISTRY),
    Rule(function="_refuse_local", within="registry/transport", tests=REGISTRY),
    Rule(function="_check_realm", tests=REGISTRY),
    Rule(function="of", within="Accounts", tests=(*REGISTRY, *LOOKUP)),
    Rule(function="privileged", tests=CHARTS),
    Rule(function="kustomize_renderer", tests=CHARTS),
    Rule(function="_check_secret", tests=TRUST),
    Rule(function="_target", within="github/transport", tests=TRANSPORT),
    Rule(function="__call__", within="_TokenForHost", tests=TRANSPORT),
    Rule(function="add", within="Redactor", tests=(f"{UNIT}/test_app_redact.py", *TRUST)),
    Rule(function="_shapes", within="redaction", tests=(f"{UNIT}/test_app_redact.py",)),
    Rule(function="_parts", within="redaction/values", tests=(f"{UNIT}/test_drift_secrets.py",)),
    Rule(function="_of_text", within="redaction/values", tests=(f"{UNIT}/test_drift_secrets.py",)),
    Rule(function="_clean", within="GitCommand", tests=TRUST),
    Rule(function="write_some", within="ScratchFolder", tests=TRUST),
    Rule(function="_harmless_line", tests=(f"{UNIT}/test_workflow_protocol.py",)),
    Rule(function="kept_because", tests=PRUNE),
    Rule(function="_other_owner", tests=PRUNE),
    Rule(function="refusal_of", tests=PRUNE),
    Rule(function="keeps", within="prune", tests=PRUNE),
    Rule(function="fits", within="Reads", tests=(f"{UNIT}/test_yaml_replace.py", *TRUST)),
    Rule(function="prove", within="yaml/proof", tests=(f"{UNIT}/test_yaml_replace.py", *TRUST)),
    Rule(function="newest_reviews", tests=APPROVALS),
    Rule(function="_verdict", within="gates/approvals", tests=APPROVALS),
    Rule(function="_approver", within="gates/approvals", tests=APPROVALS),
    Rule(function="_excluded", within="gates/approvals", tests=(*APPROVALS, *EVALUATE)),
    Rule(function="_named", within="gates/approvals", tests=APPROVALS),
    Rule(function="_may_write", within="gates/approvals", tests=APPROVALS),
    Rule(function="_change", within="gates/approvals", tests=APPROVALS),
    Rule(function="_chain", within="gates/base_history", tests=HISTORY),
    Rule(function="bases_at", tests=HISTORY),
    Rule(function="cached_hash", tests=CACHE),
    Rule(function="hash_at", tests=CACHE),
    Rule(function="read_decisions", tests=DECISIONS),
    Rule(function="_read", within="gates/decisions", tests=DECISIONS),
    Rule(function="overrides_of", tests=DECISIONS),
    Rule(function="_problem", within="gates/decisions", tests=DECISIONS),
    Rule(function="may_override", tests=DECISIONS),
    Rule(function="rollback_requests", tests=DECISIONS),
    Rule(function="rollback_cause", tests=EVALUATE),
    Rule(function="_asked", within="gates/rollback", tests=EVALUATE),
    Rule(function="_verified", within="gates/rollback", tests=EVALUATE),
    Rule(function="_failed", within="gates/rollback", tests=EVALUATE),
    Rule(function="returns", within="gates/rollback", tests=RETURNS),
    Rule(function="_earlier", within="gates/rollback", tests=RETURNS),
    Rule(function="merges", within="EvaluatedPull", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="_plan", within="gate/evaluate", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="_proof", within="gate/evaluate", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="_own", within="gate/rollback", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="alone", within="gate/rollback", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="added_holds", within="gate/change", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="scope_of", within="gates/evaluate", tests=EVALUATE),
    Rule(function="_overridden", within="gates/evaluate", tests=EVALUATE),
    Rule(function="_state", within="gates/checks", tests=CHECKS),
    Rule(function="evaluate_records", tests=PROOF),
    Rule(function="run_of", within="deployments/proof", tests=PROOF),
    Rule(function="_alone", within="deployments/proof", tests=PROOF),
    Rule(function="_evaluate", within="deployments/proof", tests=PROOF),
    Rule(function="_misfit", within="deployments/proof", tests=PROOF),
    Rule(function="_other_workflow", within="deployments/proof", tests=PROOF),
    Rule(function="_about", within="deployments/proof", tests=PROOF),
    Rule(function="_job", within="deployments/proof", tests=PROOF),
    Rule(function="is_job_of", within="deployments/proof", tests=PROOF),
    Rule(function="_during", within="deployments/proof", tests=PROOF),
    Rule(function="_end", within="deployments/proof", tests=PROOF),
    Rule(function="_alike", within="deployments/proof", tests=PROOF),
    Rule(function="_targets", within="deployments/proof", tests=PROOF),
    Rule(function="decide", within="rollback/automatic", tests=CHOICE),
    Rule(function="_of_images", within="rollback/automatic", tests=CHOICE),
    Rule(function="is_command", tests=COMMENTS),
    Rule(function="_hashes", within="gate/change", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="_hash", within="gate/change", tests=(f"{UNIT}/test_gate_command.py",)),
    Rule(function="problem_of", within="gates/provenance", tests=PROVENANCE),
    Rule(function="_problem_of_signer", tests=PROVENANCE),
    Rule(function="is_provenance", tests=PROVENANCE),
    Rule(function="builder_of", tests=PROVENANCE),
    Rule(function="_image", within="gates/provenance", tests=PROVENANCE),
    Rule(function="_closed", within="gates/provenance", tests=PROVENANCE),
    Rule(function="proven_digests", tests=PROVENANCE),
    Rule(function="_payload", within="attestations/verify", tests=BUNDLES),
    Rule(function="_has_logs", tests=BUNDLES),
    Rule(function="_attestation", within="attestations/verify", tests=BUNDLES),
    Rule(function="_identity", within="attestations/verify", tests=BUNDLES),
    Rule(function="verify_timestamped", tests=BUNDLES),
    Rule(function="_check_usage", tests=BUNDLES),
    Rule(function="_times", within="timestamped", tests=BUNDLES),
    Rule(function="_dated", tests=BUNDLES),
    Rule(function="_check_signature", within="timestamped", tests=BUNDLES),
    Rule(function="_issues", within="attestations/verify", tests=BUNDLES),
    Rule(function="_certificate", within="attestations/verify", tests=BUNDLES),
    Rule(function="proves", within="ExpectedBuilder", tests=PROVENANCE),
    Rule(function="evaluate", within="gates/provenance", tests=PROVENANCE),
    Rule(function="_host", within="attestations/images", tests=DOWNLOADS),
    Rule(function="get", within="BundleDownloads", tests=DOWNLOADS),
    Rule(function="decompress", within="core/snappy", tests=SNAPPY),
    Rule(function="_content_length", within="core/snappy", tests=SNAPPY),
    Rule(function="_literal", within="core/snappy", tests=SNAPPY),
    Rule(function="_number", within="core/snappy", tests=SNAPPY),
    Rule(function="_copy", within="core/snappy", tests=SNAPPY),
    Rule(function="is_used", within="gates/job_token", tests=JOB_TOKEN),
    Rule(function="configuration_notices", within="gates/job_token", tests=JOB_TOKEN),
    Rule(function="_read_pushers", tests=GATE),
    Rule(function="_changes", within="ReviewFacts", tests=GATE),
    Rule(function="_restarts", within="ReviewFacts", tests=GATE),
    Rule(function="_pushers", within="ReviewFacts", tests=GATE),
    Rule(function="_changed", within="gate/reexecute", tests=GATE),
    Rule(function="_environment", within="gate/reexecute", tests=GATE),
    Rule(function="_gives", within="Reexecution", tests=GATE),
    Rule(function="asked_for", tests=GATE),
    Rule(function="_holds_in", tests=GATE),
    Rule(function="_says", within="gate/publish", tests=GATE),
    Rule(function="says_the_same", within="Publisher", tests=GATE),
)


_PROOF = "proof._evaluate: `job is not None and (not (unproved or running))"

EQUIVALENT: dict[str, str] = {
    "pull_request_state._declined: `closed.state != 'closed' or closed.closed_by_deletion or"
    " CLOSED_BY_US in closed.body` without `closed.state != 'closed'`": (
        "GitHub names who closed only what is closed"
    ),
    "_TokenForHost.__call__: `request.url or ''` without `''`": (
        "a request that is about to be sent has an address"
    ),
    "_check_realm: `urlsplit(address).hostname or ''` without `''`": (
        "`is_safe` refuses an address without a host, and a registry's has one"
    ),
    "provenance._image: `(move.after.digest if move.after else None) or ''` without `''`": (
        "no digest is none, however it is written"
    ),
    "proven_digests: `one.after and one.after.digest` without `one.after`": (
        "an image passes with a digest alone"
    ),
    "proven_digests: `one.after and one.after.digest` without `one.after.digest`": (
        "an image passes with a digest alone"
    ),
    "reexecute._changed: `found or None` without `None`": (
        "a pull request that changes no file touches no environment, and nothing merges it"
    ),
    "verify._payload: `problem or error` without `problem`": (
        "both roots refuse it, and only the words differ"
    ),
    "_read_pushers: `pull.head_repository or self._repository` without `self._repository`": (
        "GitHub names no repository of a head whose fork is gone, and nobody can push there"
    ),
    "_holds_in: `one.after is not None and one.after != one.before` without"
    " `one.after != one.before`": ("the same hold stands on the base, and refuses first"),
    "rollback_cause: `not replaced or any((move.before is None or move.after is None for move in"
    " replaced))` without `any((move.before is None or move.after is None for move in"
    " replaced))`": ("`ran` and `_asked` match no image with none"),
    "rollback_cause: `move.before is None or move.after is None` without `move.before is None`": (
        "`ran` and `_asked` match no image with none"
    ),
    "rollback_cause: `move.before is None or move.after is None` without `move.after is None`": (
        "`ran` matches no image with none"
    ),
    "rollback._asked: `move.before is not None and any((matches(image, move.before) != 'no' for"
    " image in request.images))` without `move.before is not None`": (
        "`rollback_cause` asks only about moves that replace an image"
    ),
    "rollback._own: `pull.created or self._base.now` without `pull.created`": (
        "the time orders several requests, and this is the only one"
    ),
    "rollback._own: `pull.created or self._base.now` without `self._base.now`": (
        "the time orders several requests, and this is the only one"
    ),
    "rollback._own: `cause and self._ports.people.may_write(pull.author)` without `cause`": (
        "without a cause the answer is None either way; it saves a request"
    ),
    "proof._evaluate: `run is not None and (not unproved)` without `run is not None`": (
        "without a run the record has its reason already"
    ),
    f"{_PROOF} and (not _alike(result, job))` without `job is not None`": (
        "without a job the record has its reason already"
    ),
    "proof._evaluate: `unproved or running` without `running`": (
        "a running job is unknown, which agrees with no conclusion"
    ),
    "images._host: `parts.hostname or ''` without `''`": (
        "an address without a host is refused, by whatever empty value"
    ),
    "RegistryClient._refuse_local: `urlsplit(f'//{reference.domain}').hostname or ''` without"
    " `''`": "the grammar of references takes no registry without a host",
}
"""By the mutant's key, which names its class or file and the whole expression: the reason."""


def mutants(rules: tuple[Rule, ...] = RULES) -> Iterator[Mutant]:
    """Every mutant of the rules, each a whole text of its file."""
    sources = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
    for rule in rules:
        for path, text in sources.items():
            for function in functions_of(rule, path, text):
                yield from _of_function(rule, path, text, function)


def functions_of(rule: Rule, path: Path, text: str) -> list[ast.FunctionDef]:
    """The functions of a file that a rule is about."""
    named = rule.within in str(path) or rule.within in text
    if not named or f"def {rule.function}(" not in text:
        return []  # seen without parsing
    return [
        node
        for node, inside in _all_functions(text)
        if node.name == rule.function and rule.within in f"{path}:{inside}"
    ]


@cache
def _all_functions(text: str) -> Sequence[tuple[ast.FunctionDef, str]]:
    """Each function, with the name of its class."""
    tree = ast.parse(text)
    inside = {
        node: parent.name
        for parent in ast.walk(tree)
        if isinstance(parent, ast.ClassDef)
        for node in parent.body
    }
    return [
        (node, inside.get(node, "")) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    ]


def _of_function(rule: Rule, path: Path, text: str, function: ast.FunctionDef) -> Iterator[Mutant]:
    nodes = [node for part in function.body for node in ast.walk(part)]
    types = {
        id(part)
        for node in nodes
        if isinstance(node, ast.AnnAssign)
        for part in ast.walk(node.annotation)
    }
    for node in nodes:
        if id(node) in types:
            continue
        for what, new in _changes(node):
            start, end = _span(text, node)
            yield Mutant(
                rule=rule,
                file=path,
                line=getattr(node, "lineno", 0),
                what=what,
                text=text[:start] + new + text[end:],
            )


def _changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.BoolOp):
        for at, dropped in enumerate(node.values):
            less = copy.copy(node)
            less.values = node.values[:at] + node.values[at + 1 :]
            rest = less.values[0] if len(less.values) == 1 else less
            yield f"`{_short(node)}` without `{_short(dropped)}`", f"({ast.unparse(rest)})"
    elif isinstance(node, ast.Compare):
        yield f"not `{_short(node)}`", f"(not ({ast.unparse(node)}))"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"`{_short(node)}` without not", f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        yield f"`{_short(node)}` without its right side", f"({ast.unparse(node.left)})"


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:120]


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    lines = text.splitlines(keepends=True)

    def at(line: int, column: int) -> int:
        before = sum(len(item) for item in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:column].decode())

    first = at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
    return first, at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


class MutatedModule(MetaPathFinder, Loader):
    """Imports the mutant's text in place of its file."""

    def __init__(self, mutant: Mutant) -> None:
        """Take the place of one module."""
        self._mutant = mutant
        parts = mutant.file.relative_to(ROOT).with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The mutated module alone."""
        del path, target
        if fullname != self._name:
            return None
        return spec_from_file_location(fullname, self._mutant.file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant's text."""
        exec(compile(self._mutant.text, self._mutant.file, "exec"), module.__dict__)  # noqa: S102


def detected(chosen: Sequence[Mutant], workers: int) -> list[bool]:
    """Whether a test fails, for each mutant; its tests run in a process of their own."""
    for name in PRELOADED:
        importlib.import_module(name)
    results = [False] * len(chosen)
    running: dict[int, tuple[int, float]] = {}
    waiting = list(enumerate(chosen))
    while waiting or running:
        while waiting and len(running) < workers:
            index, mutant = waiting.pop(0)
            running[_start(mutant)] = (index, time.monotonic())
        for pid, (index, began) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and time.monotonic() - began > SECONDS:
                os.kill(pid, signal.SIGKILL)
                ended, status = os.waitpid(pid, 0)
            if ended:
                del running[pid]
                results[index] = os.waitstatus_to_exitcode(status) != 0
                word = "detected" if results[index] else "SURVIVES"
                print(f"{word} {chosen[index]}", flush=True)
        time.sleep(0.02)
    return results


def _start(mutant: Mutant) -> int:
    """A process that runs the mutant's tests; its exit code is pytest's."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        for name in [name for name in sys.modules if name.split(".")[0] == "gitops_action"]:
            del sys.modules[name]
        sys.meta_path.insert(0, MutatedModule(mutant))
        options = ["-x", "-q", "-n", "0", "--timeout=60", "-p", "no:cacheprovider"]
        code = int(pytest.main([*options, *mutant.rule.tests]))
    finally:
        os._exit(code)


def chosen_by(words: Sequence[str], shard: str) -> list[Mutant]:
    """The mutants whose line has one of the words, and of those the shard's."""
    found = [item for item in mutants() if not words or any(word in str(item) for word in words)]
    number, _, count = shard.partition("/")
    return found[int(number) - 1 :: int(count)]


def main(arguments: Sequence[str]) -> int:
    """Run the mutants; 1 when one survives that is not known to be equivalent."""
    parser = argparse.ArgumentParser(prog="tests.mutate", description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="only mutants whose line has one of them")
    parser.add_argument("--list", action="store_true", help="list the mutants, run none")
    parser.add_argument("--shard", default="1/1", help="N/M: every M-th mutant, from the N-th")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen = chosen_by(options.words, options.shard)
    if options.list:
        print(*chosen, sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        results = detected(chosen, options.workers)
    left = [item for item, seen in zip(chosen, results, strict=True) if not seen]
    survivors = [item for item in left if item.key not in EQUIVALENT]
    equivalent = len(left) - len(survivors)
    print(f"{len(chosen)} mutants: {len(chosen) - len(left)} detected, {equivalent} equivalent")
    print(*(f"SURVIVES {item}" for item in survivors), sep="\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
