"""The certificate authority of one service: it proves AWS's endpoint to instances, which trust it, and nothing else.

Its key is made once and lies beside the state, readable for the API process alone.  Where it is lost, or is none any
more, another one is made, which instances trust from their next boot on.
"""

from __future__ import annotations

import errno
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from realvpc.net.services import ENDPOINT_NAME
from realvpc.regular_file import is_there, put_aside, read_regular

DOMAINS = ("amazonaws.com", ENDPOINT_NAME)
"""What it may speak for (RFC 5280, "Name Constraints"): whoever trusts it is not at its mercy elsewhere."""

_FILE, _SETTING = "authority.pem", "authority"
_OF_OTHERS = 0o077
_IS_NONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EFBIG})  # see `read_regular`
_LARGEST = 1 << 16  # bytes
_LIFE = timedelta(days=3650)
_EARLIER = timedelta(days=1)  # clocks differ

log = logging.getLogger(__name__)


class AuthorityError(Exception):
    """There may be an authority, and it cannot be had; the text names the file and says why."""


class Authority(Struct, frozen=True):
    """``key`` signs; ``certificate`` is for everybody."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """What instances are told."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, key: ec.EllipticCurvePublicKey, names: tuple[str, ...]) -> bytes:
        """A server's certificate for these DNS names, in PEM."""
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        built = _build(_name(names[0]), self.certificate.subject, key)
        built = built.not_valid_after(self.certificate.not_valid_after_utc)
        built = built.add_extension(alternatives, critical=False)
        built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        return built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Settings(Protocol):
    """``store.database.Database``.  Raises StorageError."""

    def setting(self, name: str) -> str | None: ...

    def set_setting(self, name: str, value: str, /) -> None: ...


def authority_of(directory: Path, settings: Settings) -> Authority:
    """The one of a service, whose state is there.  Where it is, nothing is written: the disk may be full.

    Raises AuthorityError and StorageError.
    """
    is_new = settings.setting(_SETTING) is None
    authority = open_authority(directory, is_new=is_new)
    if is_new:
        settings.set_setting(_SETTING, "made")
    return authority


def open_authority(directory: Path, *, is_new: bool) -> Authority:
    """The authority that is kept in the directory, or another one.  ``is_new``: there is none yet, and that is no news.

    What is there and is no key stays, under another name.  A key that cannot be read may be a good one, and is not
    replaced: AuthorityError, as where another one cannot be written.
    """
    path = directory / _FILE
    try:
        authority = _kept(path)
        if authority is not None:
            return authority
        if is_there(path):
            _say_lost(path, f"is no key that can be used, and is kept as {put_aside(path).name}")
        elif not is_new:
            _say_lost(path, "is gone")
        authority = _make()
        _write(path, authority)
    except OSError as error:
        raise AuthorityError(f"{path}, the key of the authority that instances trust: {error.strerror}") from error
    return authority


def _say_lost(path: Path, how: str) -> None:
    log.warning("%s %s: another one is made, which instances trust from their next boot on", path, how)


def _kept(path: Path) -> Authority | None:
    """None where there is none that can be used.  Raises OSError where that is not known."""
    try:
        authority = _read(read_regular(path, _LARGEST))
    except OSError as error:
        if error.errno in _IS_NONE:
            return None
        raise
    except (ValueError, TypeError, InvalidSignature):
        return None
    _keep_from_others(path)
    return authority


def _keep_from_others(path: Path) -> None:
    """As it was made: who copies state directories may lose the mode, and the owner."""
    if path.stat().st_mode & _OF_OTHERS:
        log.warning("%s was not for its owner alone, and is now: who has read it can pass for AWS's endpoint", path)
        try:
            path.chmod(0o600)
        except OSError as error:
            log.warning("%s stays so: %s", path, error.strerror)


def _read(pem: bytes) -> Authority:
    """Raises ValueError, TypeError and InvalidSignature for what is no key with its certificate, or is so no more."""
    key, certificate = serialization.load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
    certificate.verify_directly_issued_by(certificate)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise ValueError("the key is another one's")
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise ValueError("it has expired")
    return Authority(key, certificate)


def _make() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("RealVPC")
    built = _build(name, name, key.public_key()).not_valid_after(datetime.now(UTC) + _LIFE)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    permitted = [x509.DNSName(domain) for domain in DOMAINS]
    built = built.add_extension(x509.NameConstraints(permitted, None), critical=True)
    signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    built = built.add_extension(signs, critical=True)
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(key, built.sign(key, hashes.SHA256()))


def _build(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    begun = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key)
    return begun.serial_number(x509.random_serial_number()).not_valid_before(datetime.now(UTC) - _EARLIER)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    pkcs8, open_ = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, open_)


def _write(path: Path, authority: Authority) -> None:
    """Whole or not at all.  Raises OSError."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(private_pem(authority.key) + authority.pem.encode())
        file.flush()
        os.fsync(fd)
    draft.rename(path)
