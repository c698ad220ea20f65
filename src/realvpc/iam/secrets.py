"""How IAM's ids and secrets look (IAM guide, "IAM identifiers")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # where randomness is made is the shell's affair
    from random import Random

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def new_entity_id(random: Random, prefix: str) -> str:
    """``AIDA…`` of a user, ``AGPA…`` of a group, ``AROA…`` of a role."""
    return prefix + _letters(random, _BASE32, 17)


def new_certificate_id(random: Random) -> str:
    """Of a signing certificate, as ``TA7SMP42TDN5Z26OBPJE7EXAMPLE``."""
    return _letters(random, _BASE32, 28)


def new_key_id(random: Random) -> str:
    return "AKIA" + _letters(random, _BASE32, 16)


def new_secret(random: Random) -> str:
    """``random`` has to be the system's."""
    return _letters(random, _BASE64, 40)


def _letters(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))
