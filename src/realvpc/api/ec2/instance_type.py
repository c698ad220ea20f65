"""DescribeInstanceTypes and DescribeInstanceTypeOfferings (EC2 API Reference)."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from realvpc.net.instance_types import INSTANCE_TYPES, InstanceType
from realvpc.net.zones import REGIONS, zones

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError
from ..core.filter import FilterValues, passing, path


class _Row(Struct, frozen=True):
    kind: InstanceType

    @property
    def id(self) -> str:
        return self.kind.name


def describe_instance_types(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInstanceType, InvalidParameterValue for a filter."""
    wanted = request.get("InstanceTypes") or []
    missing = sorted(set(wanted) - INSTANCE_TYPES.keys())
    if missing:
        raise AwsError(
            "InvalidInstanceType", f"The following supplied instance types do not exist: [{', '.join(missing)}]"
        )
    rows = [_Row(INSTANCE_TYPES[name]) for name in sorted(set(wanted) or INSTANCE_TYPES)]
    page, token = paginate(request, passing(ctx, request, rows, _type_filter))
    return Answer({"InstanceTypes": [_render(row.kind) for row in page], "NextToken": token})


@cache
def _render(kind: InstanceType) -> Response:
    """Made once, and changed by nobody: a request may have filters by the dozen, and there are hundreds of types."""
    nitro = kind.is_nitro
    return {
        "InstanceType": kind.name,
        "CurrentGeneration": kind.is_current_generation,
        "FreeTierEligible": kind.free_tier,
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "Hypervisor": "nitro" if nitro else "xen",
        "ProcessorInfo": {
            "SupportedArchitectures": [kind.architecture],
            "SustainedClockSpeedInGhz": kind.clock_ghz,
            "Manufacturer": kind.manufacturer,
        },
        "VCpuInfo": {
            "DefaultVCpus": kind.vcpus,
            "DefaultCores": kind.cores,
            "DefaultThreadsPerCore": kind.threads_per_core,
            "ValidCores": [kind.cores],
            "ValidThreadsPerCore": list(kind.valid_threads_per_core),
        },
        "MemoryInfo": {"SizeInMiB": kind.memory_mib},
        "InstanceStorageSupported": False,
        "EbsInfo": {
            "EbsOptimizedSupport": "default" if nitro else "unsupported",
            "EncryptionSupport": "supported",
            "NvmeSupport": "required" if nitro else "unsupported",
        },
        "NetworkInfo": {
            "NetworkPerformance": kind.network_performance,
            "MaximumNetworkInterfaces": kind.interfaces,
            "MaximumNetworkCards": 1,
            "DefaultNetworkCardIndex": 0,
            "NetworkCards": [
                {
                    "NetworkCardIndex": 0,
                    "NetworkPerformance": kind.network_performance,
                    "MaximumNetworkInterfaces": kind.interfaces,
                }
            ],
            "Ipv4AddressesPerInterface": kind.addresses,
            "Ipv6AddressesPerInterface": kind.ipv6_addresses,
            "Ipv6Supported": kind.ipv6_addresses > 0,
            "EnaSupport": "required" if nitro else "unsupported",
            "EfaSupported": False,
            "EncryptionInTransitSupported": False,
            "EnaSrdSupported": False,
        },
        "PlacementGroupInfo": {"SupportedStrategies": list(kind.placement_strategies)},
        "HibernationSupported": False,
        "BurstablePerformanceSupported": kind.is_burstable,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": True,
        "SupportedBootModes": _boot_modes(kind),
        "NitroEnclavesSupport": "unsupported",
        "NitroTpmSupport": "unsupported",
    }


def _boot_modes(kind: InstanceType) -> list[str]:
    if kind.architecture == "arm64":
        return ["uefi"]
    return ["legacy-bios", "uefi"] if kind.is_nitro else ["legacy-bios"]


_TYPE_FILTERS: dict[str, str] = {
    "auto-recovery-supported": "AutoRecoverySupported",
    "bare-metal": "BareMetal",
    "burstable-performance-supported": "BurstablePerformanceSupported",
    "current-generation": "CurrentGeneration",
    "dedicated-hosts-supported": "DedicatedHostsSupported",
    "ebs-info.attachment-limit-type": "EbsInfo.AttachmentLimitType",
    "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": "EbsInfo.EbsOptimizedInfo.BaselineBandwidthInMbps",
    "ebs-info.ebs-optimized-info.baseline-iops": "EbsInfo.EbsOptimizedInfo.BaselineIops",
    "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps": "EbsInfo.EbsOptimizedInfo.BaselineThroughputInMBps",
    "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": "EbsInfo.EbsOptimizedInfo.MaximumBandwidthInMbps",
    "ebs-info.ebs-optimized-info.maximum-iops": "EbsInfo.EbsOptimizedInfo.MaximumIops",
    "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps": "EbsInfo.EbsOptimizedInfo.MaximumThroughputInMBps",
    "ebs-info.ebs-optimized-support": "EbsInfo.EbsOptimizedSupport",
    "ebs-info.encryption-support": "EbsInfo.EncryptionSupport",
    "ebs-info.maximum-ebs-attachments": "EbsInfo.MaximumEbsAttachments",
    "ebs-info.nvme-support": "EbsInfo.NvmeSupport",
    "free-tier-eligible": "FreeTierEligible",
    "hibernation-supported": "HibernationSupported",
    "hypervisor": "Hypervisor",
    "instance-storage-info.disk.count": "InstanceStorageInfo.Disks[].Count",
    "instance-storage-info.disk.size-in-gb": "InstanceStorageInfo.Disks[].SizeInGB",
    "instance-storage-info.disk.type": "InstanceStorageInfo.Disks[].Type",
    "instance-storage-info.encryption-support": "InstanceStorageInfo.EncryptionSupport",
    "instance-storage-info.nvme-support": "InstanceStorageInfo.NvmeSupport",
    "instance-storage-info.total-size-in-gb": "InstanceStorageInfo.TotalSizeInGB",
    "instance-storage-supported": "InstanceStorageSupported",
    "instance-type": "InstanceType",
    "memory-info.size-in-mib": "MemoryInfo.SizeInMiB",
    "network-info.bandwidth-weightings": "NetworkInfo.BandwidthWeightings[]",
    "network-info.efa-info.maximum-efa-interfaces": "NetworkInfo.EfaInfo.MaximumEfaInterfaces",
    "network-info.efa-supported": "NetworkInfo.EfaSupported",
    "network-info.ena-support": "NetworkInfo.EnaSupport",
    "network-info.encryption-in-transit-supported": "NetworkInfo.EncryptionInTransitSupported",
    "network-info.flexible-ena-queues-support": "NetworkInfo.FlexibleEnaQueuesSupport",
    "network-info.ipv4-addresses-per-interface": "NetworkInfo.Ipv4AddressesPerInterface",
    "network-info.ipv6-addresses-per-interface": "NetworkInfo.Ipv6AddressesPerInterface",
    "network-info.ipv6-supported": "NetworkInfo.Ipv6Supported",
    "network-info.maximum-network-cards": "NetworkInfo.MaximumNetworkCards",
    "network-info.maximum-network-interfaces": "NetworkInfo.MaximumNetworkInterfaces",
    "network-info.network-performance": "NetworkInfo.NetworkPerformance",
    "nitro-enclaves-support": "NitroEnclavesSupport",
    "nitro-tpm-info.supported-versions": "NitroTpmInfo.SupportedVersions[]",
    "nitro-tpm-support": "NitroTpmSupport",
    "processor-info.supported-architecture": "ProcessorInfo.SupportedArchitectures[]",
    "processor-info.supported-features": "ProcessorInfo.SupportedFeatures[]",
    "processor-info.sustained-clock-speed-in-ghz": "ProcessorInfo.SustainedClockSpeedInGhz",
    "reboot-migration-support": "RebootMigrationSupport",
    "supported-boot-mode": "SupportedBootModes[]",
    "supported-root-device-type": "SupportedRootDeviceTypes[]",
    "supported-usage-class": "SupportedUsageClasses[]",
    "supported-virtualization-type": "SupportedVirtualizationTypes[]",
    "vcpu-info.default-cores": "VCpuInfo.DefaultCores",
    "vcpu-info.default-threads-per-core": "VCpuInfo.DefaultThreadsPerCore",
    "vcpu-info.default-vcpus": "VCpuInfo.DefaultVCpus",
    "vcpu-info.valid-cores": "VCpuInfo.ValidCores[]",
    "vcpu-info.valid-threads-per-core": "VCpuInfo.ValidThreadsPerCore[]",
}


def _type_filter(name: str) -> FilterValues[_Row] | None:
    if name not in _TYPE_FILTERS:
        return None
    pick = path(_TYPE_FILTERS[name])
    return lambda ctx, row: pick(_render(row.kind))


class _Offering(Struct, frozen=True):
    name: str
    location: str

    @property
    def id(self) -> str:
        return f"{self.name} {self.location}"


_OFFERING_FILTERS: dict[str, FilterValues[_Offering]] = {
    "instance-type": lambda ctx, row: [row.name],
    "location": lambda ctx, row: [row.location],
}


def describe_instance_type_offerings(ctx: Context, request: Request) -> Answer:
    """Every type is offered everywhere.  Raises InvalidParameterValue for a filter."""
    location_type = request.get("LocationType") or "region"
    here = zones(REGIONS[ctx.region], ctx.account_record.zone_seed)
    locations = {
        "region": [ctx.region],
        "availability-zone": [zone.name for zone in here],
        "availability-zone-id": [zone.id for zone in here],
    }.get(location_type, [])
    rows = [_Offering(name, location) for name in sorted(INSTANCE_TYPES) for location in sorted(locations)]
    page, token = paginate(request, passing(ctx, request, rows, _OFFERING_FILTERS.get))
    return Answer(
        {
            "InstanceTypeOfferings": [
                {"InstanceType": row.name, "LocationType": location_type, "Location": row.location} for row in page
            ],
            "NextToken": token,
        }
    )
