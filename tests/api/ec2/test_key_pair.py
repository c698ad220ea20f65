"""Key pairs: made, imported, listed, deleted, and given to instances."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from realvpc.store.codec import to_row

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import OTHER, TOKYO, VIRGINIA, Client
from .test_run_instances import IMAGE, described, run

_ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ED25519_LINE = _ED25519.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
_RSA = rsa.generate_private_key(65537, 2048)
RSA_LINE = _RSA.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
RSA_DER = _RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _line(key: Any) -> bytes:
    line: bytes = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return line


def _colons(digest: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in digest)


def _public_key(client: Client, name: str) -> str:
    (row,) = client("DescribeKeyPairs", KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    key: str = row["PublicKey"]
    return key


def test_a_new_rsa_key_comes_as_pem_and_its_fingerprint_is_of_the_private_key(client: Client) -> None:
    made = client("CreateKeyPair", KeyName="mine")
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert made["KeyPairId"].startswith("key-0")
    private = load_pem_private_key(made["KeyMaterial"].encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2048
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert made["KeyFingerprint"] == _colons(hashlib.sha1(der).digest())
    assert _public_key(client, "mine") == f"{_line(private).decode()} mine"


def test_a_new_ed25519_key_comes_in_opensshs_form_and_its_fingerprint_is_opensshs(
    client: Client,
) -> None:
    made = client("CreateKeyPair", KeyName="mine", KeyType="ed25519", KeyFormat="pem")
    private = load_ssh_private_key(made["KeyMaterial"].encode(), None)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    blob = base64.b64decode(_line(private).split()[1])
    assert made["KeyFingerprint"] == base64.b64encode(hashlib.sha256(blob).digest()).decode()


def test_the_private_key_is_in_no_row_and_no_later_answer(client: Client) -> None:
    made = client("CreateKeyPair", KeyName="mine", KeyType="ed25519")
    secret = made["KeyMaterial"].splitlines()[-2]
    assert secret not in to_row(client.service.state.inventory.key_pairs[made["KeyPairId"]]).decode()
    assert secret not in str(client("DescribeKeyPairs", IncludePublicKey=True))


def _rfc_4716(line: bytes) -> bytes:
    blob = line.split()[1]
    lines = b"\n".join(blob[i : i + 70] for i in range(0, len(blob), 70))
    return b'---- BEGIN SSH2 PUBLIC KEY ----\nComment: "of mine"\n' + lines + b"\n---- END SSH2 PUBLIC KEY ----\n"


@pytest.mark.parametrize(
    "material",
    [RSA_LINE, RSA_LINE + b" me@here\n", base64.encodebytes(RSA_DER), _rfc_4716(RSA_LINE)],
    ids=["openssh", "openssh with a comment", "base64 of DER", "RFC 4716"],
)
def test_an_rsa_key_is_imported_in_three_forms_and_its_fingerprint_is_of_the_public_key(
    client: Client, material: bytes
) -> None:
    made = client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=material)
    assert "KeyMaterial" not in made
    assert made["KeyFingerprint"] == _colons(hashlib.md5(RSA_DER).digest())
    assert _public_key(client, "mine") == f"{RSA_LINE.decode()} mine"


def test_a_key_of_the_length_that_openssh_makes_unasked_is_imported(client: Client) -> None:
    client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=_line(rsa.generate_private_key(65537, 3072)))
    (row,) = client("DescribeKeyPairs")["KeyPairs"]
    assert row["KeyType"] == "rsa"


@pytest.mark.parametrize("material", [ED25519_LINE, _rfc_4716(ED25519_LINE)], ids=["openssh", "RFC 4716"])
def test_an_ed25519_key_is_imported(client: Client, material: bytes) -> None:
    client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=material)
    (row,) = client("DescribeKeyPairs")["KeyPairs"]
    assert row["KeyType"] == "ed25519"
    assert "PublicKey" not in {name for name, value in row.items() if value is not None}
    assert load_ssh_public_key(_public_key(client, "mine").encode()) == _ED25519.public_key()


@pytest.mark.parametrize(
    "material",
    [
        b"",
        b"nonsense",
        b"ssh-rsa AAAA",
        b"ssh-ed25519 " + RSA_LINE.split()[1],
        b"---- BEGIN SSH2 PUBLIC KEY ----\n%%\n---- END SSH2 PUBLIC KEY ----",
        _line(ec.generate_private_key(ec.SECP256R1())),
        _line(rsa.generate_private_key(65537, 1536)),
    ],
    ids=["empty", "words", "cut short", "another type", "no base64", "ECDSA", "RSA of 1536 bits"],
)
def test_a_key_that_ec2_does_not_take_is_refused(client: Client, material: bytes) -> None:
    error = client.refused("ImportKeyPair", KeyName="mine", PublicKeyMaterial=material)
    assert (error.code, error.message) == ("InvalidKey.Format", "Key is not in valid OpenSSH public key format")


@pytest.mark.parametrize(
    ("material", "because"),
    [
        (base64.b64decode(ED25519_LINE.split()[1]) + b"\xff", "Character sets beyond ASCII are not supported."),
        (ED25519_LINE + b" " * 2048, "Length exceeds maximum of 2048."),
    ],
)
def test_what_is_no_text_or_too_long_is_no_key(client: Client, material: bytes, because: str) -> None:
    error = client.refused("ImportKeyPair", KeyName="mine", PublicKeyMaterial=material)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        f"Value for parameter PublicKeyMaterial is invalid. {because}",
    )


def test_a_name_is_given_once_per_region_and_account(client: Client) -> None:
    client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=ED25519_LINE)
    again: dict[str, dict[str, Any]] = {"ImportKeyPair": {"PublicKeyMaterial": ED25519_LINE}, "CreateKeyPair": {}}
    for action, more in again.items():
        assert client.refused(action, KeyName="mine", **more).code == "InvalidKeyPair.Duplicate"
    for account, region in ((client.account, VIRGINIA), (OTHER, TOKYO)):
        Client(client.service, account, region)("ImportKeyPair", KeyName="mine", PublicKeyMaterial=ED25519_LINE)
    assert len(client("DescribeKeyPairs")["KeyPairs"]) == 1


@pytest.mark.parametrize("name", ["", " mine", "mine ", "x" * 256, "schlüssel", "a\nb"])
def test_a_name_is_of_255_ascii_characters_without_spaces_around_it(client: Client, name: str) -> None:
    error = client.refused("ImportKeyPair", KeyName=name, PublicKeyMaterial=ED25519_LINE)
    assert error.code == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"KeyType": "dsa"}, "InvalidParameterValue"),
        ({"KeyFormat": "ppk"}, "UnsupportedOperation"),
        ({"TagSpecifications": specification("vpc", a="b")}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_what_cannot_be_made_is_refused(client: Client, more: dict[str, Any], code: str) -> None:
    assert client.refused("CreateKeyPair", KeyName="mine", **more).code == code


def test_key_pairs_are_found_by_name_id_tag_and_fingerprint(client: Client) -> None:
    mine, yours = (
        client(
            "ImportKeyPair",
            KeyName=name,
            PublicKeyMaterial=line,
            TagSpecifications=specification("key-pair", of=name),
        )
        for name, line in (("mine", RSA_LINE), ("yours", ED25519_LINE))
    )
    client("CreateTags", Resources=[mine["KeyPairId"]], Tags=tags(more="tags"))

    def names(**request: Any) -> list[str]:
        return [row["KeyName"] for row in client("DescribeKeyPairs", **request)["KeyPairs"]]

    assert names() == ["mine", "yours"]
    assert names(KeyNames=["yours"]) == names(KeyPairIds=[yours["KeyPairId"]]) == ["yours"]
    assert names(Filters=named("key-name", "m*")) == ["mine"]
    assert names(Filters=named("key-pair-id", mine["KeyPairId"])) == ["mine"]
    assert names(Filters=named("tag:more", "tags")) == names(Filters=named("tag-key", "more")) == ["mine"]
    assert names(Filters=named("fingerprint", yours["KeyFingerprint"])) == ["yours"]
    assert client.refused("DescribeKeyPairs", Filters=named("colour", "red")).code == "InvalidParameterValue"
    unknown: list[dict[str, Any]] = [{"KeyNames": ["mine", "theirs"]}, {"KeyPairIds": ["key-00000000000000000"]}]
    for request in unknown:
        assert client.refused("DescribeKeyPairs", **request).code == "InvalidKeyPair.NotFound"
    error = client.refused("DescribeKeyPairs", KeyNames=["theirs"])
    assert error.message == "The key pair 'theirs' does not exist"


def test_deleting_is_by_name_or_id_and_a_name_that_nobody_has_is_no_error(client: Client) -> None:
    made = [client("ImportKeyPair", KeyName=name, PublicKeyMaterial=ED25519_LINE) for name in ("a", "b")]
    assert client("DeleteKeyPair", KeyName="a") == {"Return": True, "KeyPairId": made[0]["KeyPairId"]}
    assert client("DeleteKeyPair", KeyName="a") == {"Return": True}
    assert client("DeleteKeyPair", KeyPairId=made[1]["KeyPairId"])["Return"] is True
    assert client.refused("DeleteKeyPair", KeyPairId=made[1]["KeyPairId"]).code == "InvalidKeyPair.NotFound"
    assert client.refused("DeleteKeyPair").code == "MissingParameter"
    assert client("DescribeKeyPairs")["KeyPairs"] == []


def test_an_instance_shows_its_key_pair_and_keeps_the_public_key_when_the_pair_is_deleted(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=ED25519_LINE)
    (instance,) = run(client, subnet_id, KeyName="mine")
    client("DeleteKeyPair", KeyName="mine")
    (found,) = described(client, instance["InstanceId"])
    assert found["KeyName"] == "mine"
    assert client("DescribeInstances", Filters=named("key-name", "mine"))["Reservations"]
    row = client.service.state.network.instances[instance["InstanceId"]]
    assert row.authorized_key == f"{ED25519_LINE.decode()} mine"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_ssh_keygen_agrees_with_what_is_made(client: Client, tmp_path: Path) -> None:
    for key_type in ("rsa", "ed25519"):
        made = client("CreateKeyPair", KeyName=key_type, KeyType=key_type)
        path = tmp_path / key_type
        path.write_text(made["KeyMaterial"] + "\n")
        path.chmod(0o600)
        done = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True)
        assert done.stdout.split()[:2] == _public_key(client, key_type).split()[:2]


def test_accounts_do_not_share_key_pairs(client: Client) -> None:
    client("ImportKeyPair", KeyName="mine", PublicKeyMaterial=ED25519_LINE)
    other = Client(client.service, OTHER, TOKYO)
    subnet_id = make_subnet(other, make_vpc(other))
    request: dict[str, Any] = {"ImageId": IMAGE, "SubnetId": subnet_id, "MinCount": 1, "MaxCount": 1, "KeyName": "mine"}
    assert other.refused("RunInstances", **request).code == "InvalidKeyPair.NotFound"


def test_a_new_key_without_tags_shows_none_and_an_empty_list_when_described(client: Client) -> None:
    """So the answers that suites recorded have it (ansible.community.aws, `ec2_key`)."""
    assert "Tags" not in client("ImportKeyPair", KeyName="k", PublicKeyMaterial=ED25519_LINE)
    (row,) = client("DescribeKeyPairs", KeyNames=["k"])["KeyPairs"]
    assert row["Tags"] == []
