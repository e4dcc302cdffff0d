"""How an environment is deployed and who merges a change of it, in a few words."""

from __future__ import annotations

from gitops_action.core.config import Environment, Target


def deployed_how(environment: Environment) -> str:
    """`push to eu and us`, `Flux: flux-system/staging`; says so when we do not deploy it."""
    targets = environment.deploy.targets
    if not targets:
        return "not deployed by gitops-action"
    named = len(targets) > 1
    return ", ".join(_target(target, named=named) for target in targets)


def merged_how(environment: Environment) -> str:
    """`merged by a person`, or by the gate, after which environments."""
    merged = "merged by the gate" if environment.merge == "auto" else "merged by a person"
    gated = ", with gates" if environment.gates else ""
    after = f" after {' and '.join(environment.after)}" if environment.after else ""
    return f"{merged}{after}{gated}"


def _target(target: Target, *, named: bool) -> str:
    where = f" ({target.name})" if named else ""
    if target.engine == "flux":
        return f"Flux{where}: {' and '.join(target.kustomizations)}"
    context = f" to {target.context}" if target.context else ""
    return f"push{context}{where}"
