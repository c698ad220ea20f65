"""What an action knows: the state, the caller, the time, and a source of randomness.  Same context, same result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import Struct

from realvpc.iam.account import Account
from realvpc.iam.directory import Directory
from realvpc.net.network import Network
from realvpc.net.quotas import Quota, QuotaMode, in_force
from realvpc.net.resource import EVERY_REGION, Resource
from realvpc.net.table import Change, Table, by_place, by_tag
from realvpc.net.vpc import Vpc
from realvpc.store.state import State

from .call import UNKNOWN, Caller, Sender, Through
from .effort import COMPARING, MAKING, Effort

if TYPE_CHECKING:  # where randomness is made is the shell's affair
    from random import Random

R = TypeVar("R", bound=Resource)

Request: TypeAlias = dict[str, Any]
"""Decoded parameters by botocore's member names.  What its model requires is there: the wire saw to it."""

Response: TypeAlias = dict[str, Any]


Effect: TypeAlias = Callable[[], Awaitable[Response] | None]
"""What is to be done outside of the state: to sessions, to commands, at the node.  What it returns, if anything, is
awaited and takes the response's place; it may raise AwsError."""


class Answer(Struct, frozen=True):
    """What an action wants: the response to send, the change that must be written before it is sent, and the effect
    that comes between the two."""

    response: Response = {}
    change: Change = Change()
    effect: Effect | None = None


class Options(Struct, frozen=True):
    """How this service was started, as far as actions care.

    ``has_fabric``: machines really start, so their instances are pending until they have.
    ``any_image``: an unknown image id stands for the default image, as suites of other emulators expect.
    ``quotas``: where accounts begin.
    ``policies``: what users and roles may do is what their policies say (decision 0062).
    ``has_s3``: there is an upstream, whose Amazon S3 takes what services write.
    ``default_vpc``: accounts of which nothing else was said find a default VPC in every Region.
    """

    has_fabric: bool = True
    any_image: bool = False
    quotas: QuotaMode = QuotaMode.AWS
    default_vpc: bool = True
    policies: bool = False
    has_s3: bool = False


class Context:
    """``now`` is an aware datetime in UTC, as the service's clock shows it.  ``key`` is the service's secret, ``host``
    is what the client calls the service, the Host header, ``scheme`` how it came: http or https, ``through`` the
    interface endpoint on its way, and ``sender`` who sent it.  ``effort`` bounds the work; without one there
    is no bound."""

    def __init__(
        self,
        *,
        state: State,
        caller: Caller,
        now: datetime,
        random: Random,
        options: Options,
        key: bytes,
        host: str = "",
        scheme: str = "http",
        through: Through | None = None,
        sender: Sender = UNKNOWN,
        effort: Effort | None = None,
    ) -> None:
        self.state = state
        self.caller = caller
        self.now = now
        self.random = random
        self.options = options
        self.key = key
        self.host = host
        self.scheme = scheme
        self.through = through
        self.sender = sender
        self.effort = effort or Effort()

    @property
    def network(self) -> Network:
        return self.state.network

    @property
    def directory(self) -> Directory:
        return self.state.directory

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def region(self) -> str:
        return self.caller.region

    @property
    def account_record(self) -> Account:
        return self.directory.accounts[self.account]

    @property
    def default_vpc(self) -> Vpc | None:
        """What calls mean that need a VPC and name none."""
        return self.network.default_vpc_of(self.account, self.region)

    def quota(self, quota: Quota, owner: Resource | None = None) -> int:
        """What counts for the caller's account and Region, or for those of ``owner``."""
        account, region = (owner.account, owner.region) if owner else (self.account, self.region)
        return in_force(self.directory.quotas, account, region, quota, self.options.quotas)

    def sees(self, resource: Resource) -> bool:
        """Visibility, in one place: every query and every lookup by id asks here."""
        return resource.visible_to(self.account, self.region, self.now)

    def visible(self, table: Table[R]) -> Iterator[R]:
        """Only rows that concern the caller are looked at: how many others there are costs nothing."""
        for region in {self.region, EVERY_REGION}:
            rows = table.where(by_place, (self.account, region))
            self.effort.spend(COMPARING * len(rows))
            for row in rows:
                if self.sees(row):
                    yield row

    def tagged(self, table: Table[R], key: str, value: str) -> Iterator[R]:
        """What of the table has the tag; others may be among it."""
        for region in (self.region, EVERY_REGION):
            rows = table.where(by_tag, (self.account, region, key, value))
            self.effort.spend(COMPARING * len(rows))
            yield from rows

    def count(self, table: Table[R]) -> int:
        """How many the caller's account has in its Region or in all, of what stays visible as long as it is."""
        return sum(len(table.where(by_place, (self.account, region))) for region in {self.region, EVERY_REGION})

    def new_id(self, prefix: str) -> str:
        """A fresh id: the prefix and 17 hexadecimal digits, as ``vpc-0a1b2c3d4e5f60718``."""
        self.effort.spend(MAKING)
        return f"{prefix}-0{self.random.getrandbits(64):016x}"

    def with_state(self, state: State) -> Context:
        """The same call, looking at another state: for an action that builds on another one's change."""
        return Context(
            state=state,
            caller=self.caller,
            now=self.now,
            random=self.random,
            options=self.options,
            key=self.key,
            host=self.host,
            scheme=self.scheme,
            through=self.through,
            effort=self.effort,
        )
