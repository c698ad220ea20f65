"""Access keys: made, shown once, deactivated, deleted; and what they sign."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from realvpc.api.core.call import Call
from realvpc.api.core.sweep import everything
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.first_start import first_accounts, ways_back
from realvpc.net.table import put

from ..conftest import MAIN, OTHER, START, TOKYO, Client, caller, performed
from ..users import user_with_keys


def make_key(client: Client, name: str = "ada") -> tuple[str, str]:
    """The id and the secret of a key of a new user."""
    client("CreateUser", of="iam", UserName=name)
    key = client("CreateAccessKey", of="iam", UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_a_new_key_signs_as_its_user(client: Client) -> None:
    key_id, secret = make_key(client)
    assert (key_id[:4], len(key_id), len(secret)) == ("AKIA", 20, 40)
    credential = client.service.credential(key_id, None)
    assert credential is not None
    assert (credential.secret_access_key, credential.account) == (secret, MAIN)
    assert credential.arn == f"arn:aws:iam::{MAIN}:user/ada"


def test_the_secret_is_shown_once_and_never_in_a_text(client: Client) -> None:
    key_id, secret = make_key(client)
    listed = client("ListAccessKeys", of="iam", UserName="ada")["AccessKeyMetadata"]
    assert listed == [{"UserName": "ada", "AccessKeyId": key_id, "Status": "Active", "CreateDate": START}]
    assert secret not in repr(client.service.state.directory.access_keys[key_id])


def test_a_deactivated_key_is_refused_until_it_is_active_again(client: Client) -> None:
    key_id, _ = make_key(client)
    client("UpdateAccessKey", of="iam", UserName="ada", AccessKeyId=key_id, Status="Inactive")
    assert client.service.credential(key_id, None) is None
    (row,) = client("ListAccessKeys", of="iam", UserName="ada")["AccessKeyMetadata"]
    assert row["Status"] == "Inactive"
    client("UpdateAccessKey", of="iam", UserName="ada", AccessKeyId=key_id, Status="Active")
    assert client.service.credential(key_id, None) is not None
    client("DeleteAccessKey", of="iam", UserName="ada", AccessKeyId=key_id)
    assert client.service.credential(key_id, None) is None
    error = client.refused("DeleteAccessKey", of="iam", UserName="ada", AccessKeyId=key_id)
    assert (error.code, error.message) == ("NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")


def test_temporary_credentials_outlive_the_key_and_end_with_the_user(client: Client) -> None:
    user_with_keys(client.service, "tester", "AKIAEXAMPLE", user_id="AIDAEXAMPLE")
    made = client("GetSessionToken", of="sts")["Credentials"]
    client("DeleteAccessKey", of="iam", UserName="tester", AccessKeyId="AKIAEXAMPLE")
    assert client.service.credential(made["AccessKeyId"], made["SessionToken"]) is not None
    client("DeleteUser", of="iam", UserName="tester")
    assert client.service.credential(made["AccessKeyId"], made["SessionToken"]) is None


def test_a_user_has_two_keys_and_nobody_elses(client: Client) -> None:
    key_id, _ = make_key(client)
    make_key(client, "bob")
    client("CreateAccessKey", of="iam", UserName="ada")
    error = client.refused("CreateAccessKey", of="iam", UserName="ada")
    assert (error.code, error.status, error.message) == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    assert client.refused("DeleteAccessKey", of="iam", UserName="bob", AccessKeyId=key_id).code == "NoSuchEntity"
    stranger = Client(client.service, OTHER, TOKYO)
    assert stranger.refused("GetAccessKeyLastUsed", of="iam", AccessKeyId=key_id).code == "NoSuchEntity"


def test_who_names_no_user_means_the_caller(client: Client) -> None:
    user_with_keys(client.service, "tester", "AKIAEXAMPLE", user_id="AIDAEXAMPLE")
    made = client("CreateAccessKey", of="iam")["AccessKey"]
    assert made["UserName"] == "tester"
    assert len(client("ListAccessKeys", of="iam")["AccessKeyMetadata"]) == 2
    client("DeleteAccessKey", of="iam", AccessKeyId=made["AccessKeyId"])


def test_when_a_key_was_last_used(client: Client, service: Service, clock: Clock) -> None:
    key_id, _ = make_key(client)

    def last_used() -> dict[str, object]:
        answer = client("GetAccessKeyLastUsed", of="iam", AccessKeyId=key_id)
        assert answer["UserName"] == "ada"
        shown: dict[str, object] = answer["AccessKeyLastUsed"]
        return shown

    assert last_used() == {"ServiceName": "N/A", "Region": "N/A"}
    call = Call("ec2", "DescribeVpcs", {}, replace(caller(), access_key_id=key_id), "req-1")
    performed(service, call)
    service.report(service.key_uses.report, "sweep")
    assert last_used() == {"LastUsedDate": START, "ServiceName": "ec2", "Region": TOKYO}
    revision = service.revision
    service.report(service.key_uses.report, "sweep")
    performed(service, call)
    service.report(service.key_uses.report, "sweep")  # within the same minute
    assert service.revision == revision
    clock.offset = timedelta(minutes=5)
    performed(service, call)
    service.report(service.key_uses.report, "sweep")
    assert last_used()["LastUsedDate"] == START + timedelta(minutes=5)


def test_emptying_a_service_leaves_what_the_operator_hands_out(client: Client, service: Service) -> None:
    service.report(lambda ctx: first_accounts(ctx.now, ctx.random), "start")
    (first, _) = before = {key.id for key in service.state.directory.access_keys.values()}
    key_id, _ = make_key(client)
    service.report(everything, "reset")
    assert service.credential(key_id, None) is None
    assert set(service.state.directory.access_keys) == before
    assert service.credential(first, None) is not None


def test_the_operator_gets_back_into_an_account_without_keys(service: Service) -> None:
    service.report(lambda ctx: first_accounts(ctx.now, ctx.random), "start")
    service.report(lambda ctx: ways_back(ctx.directory, ctx.now, ctx.random), "accounts")  # MAIN and OTHER have none
    keys = {key.account: key for key in service.state.directory.access_keys.values()}
    assert len(keys) == 4
    assert not service.report(lambda ctx: ways_back(ctx.directory, ctx.now, ctx.random), "accounts")
    service.report(lambda ctx: put(replace(keys[MAIN], is_active=False)), "test")
    service.report(lambda ctx: ways_back(ctx.directory, ctx.now, ctx.random), "accounts")
    users = [user for user in service.state.directory.users.values() if user.account == MAIN]
    assert [user.name for user in users] == ["admin"]
    assert len(service.state.directory.keys_of(users[0].id)) == 2
