"""`realvpc image`: what is taken away is what was meant."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from realvpc.admin.desk import Desk, Refusal
from realvpc.admin.images import remove_image
from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.store.database import Database

from ..api.conftest import MAIN, OTHER, TOKYO, Client, new_service
from ..api.ec2.test_image import add, own, snapshot_of


def test_an_image_of_another_content_that_has_the_same_name_stays(tmp_path: Path) -> None:
    clock, settings = Clock(), Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    with closing(Database(tmp_path / "state.db")) as database:
        service = new_service(clock, database=database)
        desk = Desk(settings, database, service, clock, None)
        client, other = Client(service, MAIN, TOKYO), Client(service, OTHER, TOKYO)
        add(service, "web")
        (image,) = own(client)
        add(service, "theirs", "image-fedcba98765432100")
        (theirs,) = own(client, Filters=[{"Name": "name", "Values": ["theirs"]}])
        client("ModifyImageAttribute", ImageId=theirs["ImageId"], LaunchPermission={"Add": [{"UserId": OTHER}]})
        added = {"Add": [{"UserId": OTHER}]}
        client("ModifySnapshotAttribute", SnapshotId=snapshot_of(theirs), CreateVolumePermission=added)
        copy = other("CopyImage", Name="web", SourceImageId=theirs["ImageId"], SourceRegion=TOKYO)["ImageId"]
        with pytest.raises(Refusal, match=copy):
            asyncio.run(remove_image(desk, {"name": "web"}))
        assert {row["ImageId"] for row in own(client)} == {image["ImageId"], theirs["ImageId"]}
        asyncio.run(remove_image(desk, {"name": image["ImageId"]}))
        assert [row["ImageId"] for row in own(client)] == [theirs["ImageId"]]
        assert [row["ImageId"] for row in own(other)] == [copy]
