"""SSH keys as EC2 makes, reads and fingerprints them (EC2 guide, "Verify the fingerprint of your key pair")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_ssh_public_key,
)
from msgspec import Struct

RSA, ED25519 = "rsa", "ed25519"
RSA_BITS_MADE = 2048
_RSA_BITS_TAKEN = (1024, 2048, 3072, 4096)  # the guide leaves out 3072, which OpenSSH makes unasked and EC2 takes
_RFC_4716 = re.compile(rb"---- BEGIN SSH2 PUBLIC KEY ----\r?\n(.*)\n---- END SSH2 PUBLIC KEY ----", re.DOTALL)

_PublicKey: TypeAlias = RSAPublicKey | Ed25519PublicKey


class SshKey(Struct, frozen=True):
    """The public half of a key: ``line`` is its OpenSSH form without a comment."""

    key_type: str
    line: str
    fingerprint: str


class KeyFormatError(ValueError):
    """The bytes are no public key of a form, type and length that EC2 takes."""


def make_key(key_type: str) -> tuple[SshKey, str]:
    """A new key pair, and the private key as EC2 returns it: PEM, of PKCS #1 for RSA and of OpenSSH for Ed25519."""
    if key_type == ED25519:
        private = Ed25519PrivateKey.generate()
        return _described(private.public_key()), _pem(private, PrivateFormat.OpenSSH)
    rsa = generate_private_key(public_exponent=65537, key_size=RSA_BITS_MADE)
    der = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    fingerprint = _colons(hashlib.sha1(der, usedforsecurity=False).digest())
    return SshKey(RSA, _line(rsa.public_key()), fingerprint), _pem(rsa, PrivateFormat.TraditionalOpenSSL)


def read_public_key(material: bytes) -> SshKey:
    """A public key in OpenSSH's form, in that of RFC 4716, or as base64 of DER.

    Raises KeyFormatError; so do the types and lengths that EC2 refuses.
    """
    try:
        key = _load(material.strip())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFormatError(str(error)) from error
    if (isinstance(key, RSAPublicKey) and key.key_size in _RSA_BITS_TAKEN) or isinstance(key, Ed25519PublicKey):
        return _described(key)
    raise KeyFormatError("neither Ed25519 nor RSA of 1024, 2048, 3072 or 4096 bits")


def _load(material: bytes) -> object:
    if match := _RFC_4716.fullmatch(material):
        lines = match.group(1).replace(b"\\\n", b"").splitlines()
        blob = b"".join(line.strip() for line in lines if b":" not in line)
        name_length = int.from_bytes(base64.b64decode(blob, validate=True)[:4])
        name = base64.b64decode(blob)[4 : 4 + name_length]
        return load_ssh_public_key(name + b" " + blob)
    if b" " in material:
        return load_ssh_public_key(material)
    try:
        return load_der_public_key(base64.b64decode(b"".join(material.split()), validate=True))
    except binascii.Error as error:
        raise KeyFormatError("neither OpenSSH's form nor base64") from error


def _described(key: _PublicKey) -> SshKey:
    """As an imported key; for Ed25519 it makes no difference who made it."""
    line = _line(key)
    if isinstance(key, Ed25519PublicKey):
        digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
        return SshKey(ED25519, line, base64.b64encode(digest).decode())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SshKey(RSA, line, _colons(hashlib.md5(der, usedforsecurity=False).digest()))


def _line(key: _PublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _pem(key: RSAPrivateKey | Ed25519PrivateKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode().rstrip("\n")


def _colons(digest: bytes) -> str:
    return digest.hex(":")
