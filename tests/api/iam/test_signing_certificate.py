"""X.509 signing certificates of users.  Errors and sentences are those of a suite that was run on AWS (moto,
`test_iam_signing_certificates.py`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, random_serial_number
from cryptography.x509.oid import NameOID

from ..conftest import START, Client


def certificate() -> str:
    key, name = generate_private_key(SECP256R1()), Name([NameAttribute(NameOID.COMMON_NAME, "ann")])
    builder = CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
    made = builder.serial_number(random_serial_number()).not_valid_before(START).not_valid_after(START + timedelta(1))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture
def ann(client: Client) -> Client:
    """A client of an account that has a user ann."""
    client("CreateUser", of="iam", UserName="ann")
    return client


def upload(client: Client, body: str) -> str:
    made = client("UploadSigningCertificate", of="iam", UserName="ann", CertificateBody=body)["Certificate"]
    certificate_id: str = made["CertificateId"]
    return certificate_id


def listed(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client("ListSigningCertificates", of="iam", UserName="ann")["Certificates"]
    return rows


def test_a_certificate_is_uploaded_listed_switched_off_and_deleted(ann: Client) -> None:
    body = certificate()
    named = {"UserName": "ann", "CertificateId": upload(ann, body)}
    assert listed(ann) == [{**named, "CertificateBody": body, "Status": "Active", "UploadDate": START}]
    ann("UpdateSigningCertificate", of="iam", **named, Status="Inactive")
    assert [row["Status"] for row in listed(ann)] == ["Inactive"]
    error = ann.refused("UpdateSigningCertificate", of="iam", **named, Status="Expired")
    assert error.code == "InvalidInput"
    assert ann.refused("DeleteUser", of="iam", UserName="ann").code == "DeleteConflict"
    ann("DeleteSigningCertificate", of="iam", **named)
    assert listed(ann) == []
    ann("DeleteUser", of="iam", UserName="ann")


def test_a_user_has_two_at_most_and_each_once(ann: Client) -> None:
    first = certificate()
    upload(ann, first)
    again = ann.refused("UploadSigningCertificate", of="iam", UserName="ann", CertificateBody=first)
    assert (again.code, again.status) == ("DuplicateCertificate", 409)
    upload(ann, certificate())
    third = ann.refused("UploadSigningCertificate", of="iam", UserName="ann", CertificateBody=certificate())
    assert (third.code, third.message) == ("LimitExceeded", "Cannot exceed quota for CertificatesPerUser: 2")


def test_what_is_no_certificate_or_nobody_s(ann: Client) -> None:
    for body in ("notacert", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\u00e9"):
        error = ann.refused("UploadSigningCertificate", of="iam", UserName="ann", CertificateBody=body)
        assert error.code == "MalformedCertificate"
    error = ann.refused("ListSigningCertificates", of="iam", UserName="bob")
    assert (error.code, error.message) == ("NoSuchEntity", "The user with name bob cannot be found.")
    theirs = upload(ann, certificate())
    ann("CreateUser", of="iam", UserName="bob")
    for user, each in (("bob", theirs), ("ann", "x" * 32)):
        error = ann.refused("DeleteSigningCertificate", of="iam", UserName=user, CertificateId=each)
        assert (error.code, error.message) == ("NoSuchEntity", f"The Certificate with id {each} cannot be found.")
    error = ann.refused("UploadSigningCertificate", of="iam", CertificateBody=certificate())
    assert error.code == "ValidationError", "who is no user has to name one"


def test_the_credential_report_tells_of_certificates(ann: Client) -> None:
    upload(ann, certificate())
    ann("GenerateCredentialReport", of="iam")
    report = ann("GetCredentialReport", of="iam")["Content"].decode().splitlines()
    (line,) = (line for line in report if line.startswith("ann,"))
    assert line.split(",")[-4:] == ["true", "2026-11-22T09:30:00+00:00", "false", "N/A"]
