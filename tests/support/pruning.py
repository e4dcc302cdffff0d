"""An environment on the test bed's control plane: applied as an engine does, and pruned."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gitops_action.adapters.cluster import ClusterClient, access_of, connect
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.commands.deploy.cluster import Cluster, HeldLease
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.deploy.push.prune import Pruned, plan, prune
from gitops_action.commands.deploy.target import Options, TargetRun
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.cluster import ApplyOptions, Given
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.config import Deploy, Environment, Target
from gitops_action.core.config.resolved import PruneBudget
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry, recorded, union
from gitops_action.core.deploy.objects import to_apply
from gitops_action.core.deploy.prune import PrunePlan
from gitops_action.core.deploy.result import Action
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.redaction.known import Redactor
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.wait import NoHistory, RealClock, Told

IMPATIENT = RetryPolicy(attempts=2, initial=0.1, maximum=0.2, jitter=0)
EVERYTHING = PruneBudget(max_percent=100)


@dataclass
class Place:
    """One environment of one repository in one cluster."""

    cluster: Cluster
    environment: str = "production"
    repository: str = "acme/environments"
    budget: PruneBudget = EVERYTHING
    settings: Deploy = field(default_factory=Deploy)
    formerly: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    described: Sequence[Body] = ()
    told: Told = field(default_factory=Told)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def run(self) -> TargetRun:
        target = Target(name="default", engine="push")
        deploy = replace(self.settings, targets=(target,), prune=self.budget)
        environment = Environment(name=self.environment, deploy=deploy, formerly=self.formerly)
        manifests = tuple(
            Manifest(id=object_id(body), version=version_of(body), body=body)
            for body in self.described
        )
        return TargetRun(
            environment=environment,
            target=target,
            repository=self.repository,
            server_url="https://github.com",
            branch="main",
            commit="0" * 40,
            rendering=EnvironmentRendering(environment=environment, manifests=manifests),
            cluster=self.cluster,
            history=NoHistory(),
            clock=RealClock(),
            stop=self.stop,
            teller=self.told,
            redactor=Redactor(),
            options=self.options,
        )

    @property
    def store(self) -> InventoryStore:
        return InventoryStore.of(self.run)

    def apply(self, *bodies: Body) -> Inventory:
        """Record, apply, record again: what an engine does before it prunes."""
        store, options = self.store, ApplyOptions(manager=self.run.manager)
        planned = [InventoryEntry(id=object_id(body), version=version_of(body)) for body in bodies]
        inventory = union(store.load(), planned)
        store.save(inventory)
        live = [
            self.cluster.apply(to_apply(body, inventory=store.label), options) for body in bodies
        ]
        inventory = recorded(inventory, [entry(one) for one in live])
        store.save(inventory)
        return inventory

    def plan(self, *described: Body) -> PrunePlan:
        """What would go if only these objects were described."""
        store = self.store
        return plan(self.run, store, store.load(), [object_id(body) for body in described])

    def prune(
        self, *described: Body, lease: HeldLease | None = None, seconds: float = 10
    ) -> Pruned:
        """Delete what is described no more."""
        here = self.with_options(prune_wait=seconds)
        store, run = self.store, replace(self.run, options=here.options)
        inventory = store.load()
        planned = plan(run, store, inventory, [object_id(body) for body in described])
        if lease is not None:
            return prune(run, planned, inventory, store, lease)
        with held(run) as own:
            return prune(run, planned, inventory, store, own)

    def known(self) -> set[str]:
        """The names in the inventory."""
        return {one.name for one in self.store.load().entries}

    def with_options(self, **options: object) -> Place:
        """The same place, another run."""
        changed = replace(self.options, **options)  # type: ignore[arg-type]
        return replace(self, options=changed, told=Told(), stop=threading.Event())


def place(plane: ControlPlane, namespace: str, kubeconfig: str = "", **more: object) -> Place:
    """An environment whose home is that namespace, as administrator or as an account."""
    return replace(Place(client(plane, namespace, kubeconfig)), **more)  # type: ignore[arg-type]


def client(
    plane: ControlPlane, namespace: str, kubeconfig: str = "", policy: RetryPolicy = IMPATIENT
) -> ClusterClient:
    access = access_of(Given(kubeconfig=kubeconfig or plane.kubeconfig))
    return connect(replace(access, namespace=namespace), policy)


def actions(pruned: Pruned) -> dict[str, Action]:
    return {one.id.name: one.action for one in pruned.objects}


def notes(pruned: Pruned) -> dict[str, str]:
    return {one.id.name: one.note for one in pruned.objects}


def config_map(namespace: str, name: str, **metadata: object) -> Json:
    meta = {"namespace": namespace, "name": name, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "b"}}


def exists(plane: ControlPlane, namespace: str, name: str) -> bool:
    listed = plane.api.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return name in {one["metadata"]["name"] for one in listed}


def object_id(body: Body) -> ObjectId:
    return ObjectId(
        group=text(body, "apiVersion").rpartition("/")[0],
        kind=text(body, "kind"),
        namespace=text(body, "metadata", "namespace"),
        name=text(body, "metadata", "name"),
    )


def version_of(body: Body) -> str:
    return text(body, "apiVersion").rpartition("/")[2]


def entry(live: LiveObject) -> InventoryEntry:
    uid = text(live, "metadata", "uid")
    return InventoryEntry(id=object_id(live), version=version_of(live), uid=uid, hash="h")
