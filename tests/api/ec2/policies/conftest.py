"""An account with an owner, and ann, whose policies are evaluated."""

from __future__ import annotations

import pytest

from realvpc.api.service import Service
from realvpc.clock import Clock

from ...policies import KEY_ID, service_with_policies
from ...users import As


@pytest.fixture
def service(clock: Clock) -> Service:
    return service_with_policies(clock, default_vpc=True)


@pytest.fixture
def owner(service: Service) -> As:
    return As(service, "AKIAOWNER")


@pytest.fixture
def ann(service: Service) -> As:
    return As(service, KEY_ID)
