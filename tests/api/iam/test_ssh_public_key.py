"""SSH public keys of users."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..conftest import START, Client

_KEYS = [generate_rsa_key(65537, 2048).public_key() for _ in range(2)]
LINE, OTHER_LINE = (key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() for key in _KEYS)
PEM = _KEYS[0].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def ann(client: Client) -> Client:
    """A client of an account that has a user ann."""
    client("CreateUser", of="iam", UserName="ann")
    return client


def upload(client: Client, body: str = LINE) -> str:
    made = client("UploadSSHPublicKey", of="iam", UserName="ann", SSHPublicKeyBody=body)
    key_id: str = made["SSHPublicKey"]["SSHPublicKeyId"]
    return key_id


def test_a_key_is_uploaded_read_switched_off_and_deleted(ann: Client) -> None:
    made = ann("UploadSSHPublicKey", of="iam", UserName="ann", SSHPublicKeyBody=f"{LINE} ann@host\n")["SSHPublicKey"]
    assert (made["Status"], made["UploadDate"], made["SSHPublicKeyBody"]) == ("Active", START, f"{LINE} ann@host")
    assert made["SSHPublicKeyId"].startswith("APKA")
    assert len(made["Fingerprint"].split(":")) == 16
    which = {"UserName": "ann", "SSHPublicKeyId": made["SSHPublicKeyId"]}
    for encoding, body in (("SSH", LINE), ("PEM", PEM)):
        shown = ann("GetSSHPublicKey", of="iam", **which, Encoding=encoding)["SSHPublicKey"]
        assert (shown["SSHPublicKeyBody"], shown["Fingerprint"]) == (body, made["Fingerprint"])
    ann("UpdateSSHPublicKey", of="iam", **which, Status="Inactive")
    (row,) = ann("ListSSHPublicKeys", of="iam", UserName="ann")["SSHPublicKeys"]
    assert row == {
        "UserName": "ann",
        "SSHPublicKeyId": which["SSHPublicKeyId"],
        "Status": "Inactive",
        "UploadDate": START,
    }
    error = ann.refused("DeleteUser", of="iam", UserName="ann")
    assert (error.code, error.message) == (
        "DeleteConflict",
        "Cannot delete entity, must delete SSH public keys first.",
    )
    ann("DeleteSSHPublicKey", of="iam", **which)
    assert ann("ListSSHPublicKeys", of="iam", UserName="ann")["SSHPublicKeys"] == []
    ann("DeleteUser", of="iam", UserName="ann")


def test_a_key_is_the_same_in_both_forms(ann: Client) -> None:
    upload(ann)
    for body in (LINE, f"{LINE} comment", PEM):
        error = ann.refused("UploadSSHPublicKey", of="iam", UserName="ann", SSHPublicKeyBody=body)
        assert error.code == "DuplicateSSHPublicKey"
    upload(ann, OTHER_LINE)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("nonsense", "UnrecognizedPublicKeyEncoding"),
        ("ssh-rsa AAAA", "UnrecognizedPublicKeyEncoding"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "UnrecognizedPublicKeyEncoding"),
        (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            .decode(),
            "InvalidPublicKey",
        ),
        (
            generate_rsa_key(65537, 1024).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
            "InvalidPublicKey",
        ),
    ],
)
def test_what_is_no_key_that_iam_takes(ann: Client, body: str, code: str) -> None:
    assert ann.refused("UploadSSHPublicKey", of="iam", UserName="ann", SSHPublicKeyBody=body).code == code


def test_what_there_is_not(ann: Client) -> None:
    key_id = upload(ann)
    ann("CreateUser", of="iam", UserName="bob")
    for user, each in (("bob", key_id), ("ann", "APKA0000000000000000"), ("nobody", key_id)):
        error = ann.refused("GetSSHPublicKey", of="iam", UserName=user, SSHPublicKeyId=each, Encoding="SSH")
        assert error.code == "NoSuchEntity"


def test_a_user_has_five_at_most(ann: Client) -> None:
    for _ in range(5):
        key = generate_rsa_key(65537, 2048).public_key()
        upload(ann, key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())
    error = ann.refused("UploadSSHPublicKey", of="iam", UserName="ann", SSHPublicKeyBody=LINE)
    assert error.code == "LimitExceeded"
