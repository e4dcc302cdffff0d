"""Who does something, and how a commit through the API names them."""

from __future__ import annotations

from dataclasses import dataclass

from testbed.forge.git.history import sign_off
from testbed.forge.git.objects import Signature
from testbed.forge.records import Account
from testbed.forge.tokens import Token
from testbed.forge.world import WEB_FLOW, World


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An account at work, and with what kind of token (it decides what starts runs).

    `token` is None where a test lets people act: they may do what their role allows.
    """

    account: Account
    kind: str
    token: Token | None = None

    @classmethod
    def of(cls, token: Token) -> Actor:
        """Return the one behind a token."""
        return cls(account=token.account, kind=token.kind, token=token)

    @property
    def login(self) -> str:
        """The account's login."""
        return self.account.login


def signature(world: World, account: Account) -> Signature:
    """Sign as GitHub does for an account: its no-reply address."""
    return sign_off(account.name or account.login, account.noreply, world.now())


def web_flow(world: World) -> Signature:
    """Sign as GitHub itself, the committer of what is made on its side."""
    return sign_off(*WEB_FLOW, world.now())
