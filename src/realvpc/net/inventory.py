"""The Inventory: an immutable snapshot of what machines are made of and what else accounts own.

No packet's fate depends on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .deregistered_image import DeregisteredImage
from .ebs_settings import EbsSettings
from .instance import Instance
from .key_pair import KeyPair
from .launch_template import LaunchTemplate, LaunchTemplateVersion
from .machine_image import DiskSnapshot, MachineImage
from .metadata_defaults import MetadataDefaults
from .network_interface_permission import InterfacePermission, NetworkInterfacePermission
from .offered_key import OfferedKey
from .parameter import Parameter, ParameterVersion
from .placement_group import PlacementGroup
from .prefix_list import PrefixListVersion
from .ssm_document import SsmDocument, SsmDocumentVersion
from .ssm_inventory import InventoryItem
from .subnet_cidr_reservation import SubnetCidrReservation
from .table import Snapshot, Table
from .volume import Volume


class Inventory(Snapshot):
    TYPES = (
        Volume,
        KeyPair,
        MachineImage,
        DiskSnapshot,
        MetadataDefaults,
        PrefixListVersion,
        SubnetCidrReservation,
        LaunchTemplate,
        LaunchTemplateVersion,
        *(Parameter, ParameterVersion, SsmDocument, SsmDocumentVersion),
        EbsSettings,
        NetworkInterfacePermission,
        OfferedKey,
        InventoryItem,
        DeregisteredImage,
        PlacementGroup,
    )

    __slots__ = ()

    @property
    def volumes(self) -> Table[Volume]:
        return self.table(Volume)

    @property
    def parameters(self) -> Table[Parameter]:
        return self.table(Parameter)

    @property
    def parameter_versions(self) -> Table[ParameterVersion]:
        return self.table(ParameterVersion)

    @property
    def ssm_documents(self) -> Table[SsmDocument]:
        return self.table(SsmDocument)

    @property
    def ssm_document_versions(self) -> Table[SsmDocumentVersion]:
        return self.table(SsmDocumentVersion)

    def versions_of_document(self, document: SsmDocument) -> list[SsmDocumentVersion]:
        """The oldest first; some may have been deleted."""
        return sorted(self.ssm_document_versions.where(_document_id, document.id), key=lambda row: row.number)

    def selected_version(self, parameter: Parameter, selector: str) -> ParameterVersion | None:
        """The version that a number or a label selects; the latest where there is no selector."""
        if not selector or selector.isdecimal():
            return self.parameter_versions.get(f"{parameter.id}:{selector or parameter.version}")
        numbers = range(parameter.oldest, parameter.version + 1)
        versions = (self.parameter_versions[f"{parameter.id}:{number}"] for number in numbers)
        return next((row for row in versions if selector in row.labels), None)

    @property
    def key_pairs(self) -> Table[KeyPair]:
        return self.table(KeyPair)

    @property
    def machine_images(self) -> Table[MachineImage]:
        return self.table(MachineImage)

    @property
    def deregistered_images(self) -> Table[DeregisteredImage]:
        return self.table(DeregisteredImage)

    @property
    def disk_snapshots(self) -> Table[DiskSnapshot]:
        return self.table(DiskSnapshot)

    @property
    def metadata_defaults(self) -> Table[MetadataDefaults]:
        return self.table(MetadataDefaults)

    @property
    def ebs_settings(self) -> Table[EbsSettings]:
        return self.table(EbsSettings)

    @property
    def placement_groups(self) -> Table[PlacementGroup]:
        return self.table(PlacementGroup)

    def placement_group_named(self, account: str, region: str, name: str) -> PlacementGroup | None:
        return self.placement_groups.first(_group_name, (account, region, name))

    @property
    def launch_templates(self) -> Table[LaunchTemplate]:
        return self.table(LaunchTemplate)

    @property
    def launch_template_versions(self) -> Table[LaunchTemplateVersion]:
        return self.table(LaunchTemplateVersion)

    def launch_template_named(self, account: str, region: str, name: str) -> LaunchTemplate | None:
        return self.launch_templates.first(_template_name, (account, region, name))

    def versions_of(self, template_id: str) -> Collection[LaunchTemplateVersion]:
        return self.launch_template_versions.where(_template_id, template_id)

    def versions_of_list(self, prefix_list_id: str) -> list[PrefixListVersion]:
        """The versions of a prefix list before its current one, the newest first."""
        rows = self.table(PrefixListVersion).where(_versioned_list_id, prefix_list_id)
        return sorted(rows, key=lambda row: row.version, reverse=True)

    def reservations_of(self, subnet_id: str) -> Collection[SubnetCidrReservation]:
        return self.table(SubnetCidrReservation).where(_reserving_subnet_id, subnet_id)

    def permissions_of(self, interface_id: str) -> Collection[NetworkInterfacePermission]:
        """What other accounts may do with a network interface."""
        return self.table(NetworkInterfacePermission).where(_permitted_interface_id, interface_id)

    def permission_of(
        self, interface_id: str, grantee: str, permission: InterfacePermission
    ) -> NetworkInterfacePermission | None:
        return self.table(NetworkInterfacePermission).first(_granted, (interface_id, grantee, permission))

    @property
    def inventory_items(self) -> Table[InventoryItem]:
        return self.table(InventoryItem)

    def inventory_of(self, instance_id: str) -> Collection[InventoryItem]:
        return self.inventory_items.where(_told_of, instance_id)

    @property
    def offered_keys(self) -> Table[OfferedKey]:
        """By way of EC2 Instance Connect, and those among them that are good no more."""
        return self.table(OfferedKey)

    def keys_offered_to(self, instance_id: str) -> Collection[OfferedKey]:
        return self.offered_keys.where(_offered_to, instance_id)

    def volumes_of(self, instance_id: str) -> Collection[Volume]:
        return self.volumes.where(_volume_instance_id, instance_id)

    def root_volume_of(self, instance: Instance) -> Volume | None:
        """The one that the instance's machine has as its disk."""
        volumes = self.volumes_of(instance.id)
        return next((row for row in volumes if row.device_name == instance.root_device_name), None)


def _permitted_interface_id(row: NetworkInterfacePermission) -> Iterable[str]:
    return (row.interface_id,)


def _granted(row: NetworkInterfacePermission) -> Iterable[tuple[str, str, InterfacePermission]]:
    return ((row.interface_id, row.grantee, row.permission),)


def _told_of(row: InventoryItem) -> Iterable[str]:
    return (row.instance_id,)


def _offered_to(row: OfferedKey) -> Iterable[str]:
    return (row.instance_id,)


def _volume_instance_id(row: Volume) -> Iterable[str | None]:
    return (row.instance_id,)


def _group_name(row: PlacementGroup) -> Iterable[tuple[str, str, str]]:
    return ((row.account, row.region, row.name),)


def _template_name(row: LaunchTemplate) -> Iterable[tuple[str, str, str]]:
    return ((row.account, row.region, row.name),)


def _template_id(row: LaunchTemplateVersion) -> Iterable[str]:
    return (row.template_id,)


def _document_id(row: SsmDocumentVersion) -> Iterable[str]:
    return (row.document,)


def _versioned_list_id(row: PrefixListVersion) -> Iterable[str]:
    return (row.prefix_list_id,)


def _reserving_subnet_id(row: SubnetCidrReservation) -> Iterable[str]:
    return (row.subnet_id,)
