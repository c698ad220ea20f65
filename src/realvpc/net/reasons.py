"""The closed list of what can become of a packet.

Each reason has one number (the kernel's drop counter), one name, the layer that decides, the explanation code that
Reachability Analyzer uses for it where it has one, and a sentence in English and in Japanese.  The BPF header
``generated.h`` and the table in ``docs/semantics.md`` are generated from this file.
"""

from __future__ import annotations

from enum import Enum, StrEnum


class Layer(StrEnum):
    """What a packet passes, in this order (``docs/semantics.md``)."""

    INTERFACE = "network interface"
    SOURCE_CHECK = "source check"
    SECURITY_GROUP_EGRESS = "security group egress"
    NETWORK_ACL_EGRESS = "network ACL outbound"
    ROUTE_TABLE = "route table"
    GATEWAY = "gateway"
    VPC_ENTRY = "VPC entry"
    PATH_MTU = "path MTU"
    NETWORK_ACL_INGRESS = "network ACL inbound"
    DESTINATION_CHECK = "destination check"
    SECURITY_GROUP_INGRESS = "security group ingress"
    DELIVERY = "delivery"


class Reason(Enum):  # fmt: skip
    """``(number, layer, explanation code or None, English, Japanese)``.

    The sentences may use ``{source}``, ``{destination}``, ``{protocol}``, ``{resource}`` (the one that decided) and
    ``{vpc}`` (the VPC where it was decided).
    """

    DELIVERED = (
        0,
        Layer.DELIVERY,
        None,
        "The packet arrives at {resource}.",
        "パケットは {resource} に届きます。",
    )
    UNKNOWN_INTERFACE = (
        1,
        Layer.INTERFACE,
        "UNKNOWN_RESOURCE",
        "{resource} is not a network interface of this fabric.",
        "{resource} はこのファブリックのネットワークインターフェイスではありません。",
    )
    MALFORMED_PACKET = (
        2,
        Layer.INTERFACE,
        None,
        "The packet is too short or its headers contradict each other.",
        "パケットが短すぎるか、ヘッダーに矛盾があります。",
    )
    UNSUPPORTED_PROTOCOL = (
        3,
        Layer.INTERFACE,
        "PROTOCOL_RESTRICTION",
        "A VPC carries only ARP, IPv4 and IPv6 unicast.",
        "VPC が運ぶのは ARP と IPv4、IPv6 のユニキャストだけです。",
    )
    NOT_UNICAST = (
        4,
        Layer.INTERFACE,
        "NO_POSSIBLE_DESTINATION",
        "{destination} is a multicast, broadcast, loopback or link-local address, which a VPC does not forward; "
        "nor does it forward what comes from such a source as {source}, or from its resolver's address.",
        "{destination} はマルチキャスト、ブロードキャスト、ループバック、またはリンクローカルのアドレスで、VPC は転送しません。"
        "送信元 ({source}) がそのようなアドレスや VPC のリゾルバーのアドレスであるパケットも転送しません。",
    )
    FRAGMENT_WITHOUT_FIRST = (
        5,
        Layer.INTERFACE,
        None,
        "A fragment came without the first fragment of its packet, so its ports are unknown.",
        "先頭のフラグメントが届いていないため、このフラグメントのポート番号がわかりません。",
    )
    SOURCE_CHECK = (
        6,
        Layer.SOURCE_CHECK,
        "ENI_SOURCE_DEST_CHECK_RESTRICTION",
        "{source} is not an address of {resource}, whose source/destination check is on.",
        "{source} は {resource} のアドレスではなく、{resource} の送信元/送信先チェックは有効です。",
    )
    SECURITY_GROUP_EGRESS = (
        7,
        Layer.SECURITY_GROUP_EGRESS,
        "ENI_SG_RULES_MISMATCH",
        "No outbound rule of the security groups of {resource} allows {protocol} to {destination}.",
        "{resource} のセキュリティグループには、{destination} への {protocol} を許可するアウトバウンドルールがありません。",
    )
    NO_ROUTE = (
        8,
        Layer.ROUTE_TABLE,
        "NO_ROUTE_TO_DESTINATION",
        "{resource} has no route to {destination}.",
        "{resource} には {destination} へのルートがありません。",
    )
    BLACKHOLE_ROUTE = (
        9,
        Layer.ROUTE_TABLE,
        "BAD_STATE_ROUTE",
        "The most specific route to {destination} in {resource} is a blackhole: its target is gone or not in use.",
        "{resource} で {destination} に一致する最も具体的なルートはブラックホールです。ターゲットが存在しないか、使用できない状態です。",
    )
    PCX_REQUIRES_ADDRESS_IN_VPC_CIDR = (
        10,
        Layer.VPC_ENTRY,
        "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
        "{resource} delivers only to addresses inside {vpc}, and {destination} is not one: VPC peering is not transitive.",
        "{resource} が届けるのは {vpc} 内のアドレス宛てのパケットだけで、{destination} はその範囲外です。VPC ピアリングは推移的ではありません。",
    )
    PCX_REJECTS_SPOOFED_SOURCE = (
        11,
        Layer.GATEWAY,
        "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
        "{resource} carries only packets from addresses inside {vpc}, and {source} is not one.",
        "{resource} が運ぶのは {vpc} 内のアドレスから送信されたパケットだけで、{source} はその範囲外です。",
    )
    NO_DESTINATION = (
        12,
        Layer.VPC_ENTRY,
        "UNKNOWN_DESTINATION",
        "No network interface in {vpc} has the address {destination}.",
        "{vpc} にはアドレス {destination} を持つネットワークインターフェイスがありません。",
    )
    IGW_NO_PUBLIC_ADDRESS = (
        13,
        Layer.GATEWAY,
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
        "{source} has no public address, so {resource} drops what it sends.",
        "{source} にはパブリックアドレスがないため、{resource} はそのパケットを破棄します。",
    )
    IGW_PRIVATE_DESTINATION = (
        14,
        Layer.GATEWAY,
        "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
        "{resource} does not forward to private address space, and {destination} is in it.",
        "{resource} はプライベートアドレス宛てのパケットを転送しません。{destination} はプライベートアドレスです。",
    )
    IGW_PRIVATE_SOURCE = (
        15,
        Layer.GATEWAY,
        "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS",
        "Nothing comes in from the internet with the private source address {source}.",
        "送信元がプライベートアドレス {source} のパケットは、インターネットから入れません。",
    )
    IGW_UNKNOWN_PUBLIC_ADDRESS = (
        16,
        Layer.GATEWAY,
        "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        "The public address {destination} belongs to no network interface behind an attached internet gateway.",
        "パブリックアドレス {destination} は、アタッチ済みのインターネットゲートウェイにつながるどのネットワークインターフェイスにも割り当てられていません。",
    )
    PACKET_TOO_BIG = (
        17,
        Layer.PATH_MTU,
        None,
        "The packet is larger than the MTU of {resource}.",
        "パケットが {resource} の MTU を超えています。",
    )
    DESTINATION_CHECK = (
        18,
        Layer.DESTINATION_CHECK,
        "ENI_SOURCE_DEST_CHECK_RESTRICTION",
        "{destination} is not an address of {resource}, whose source/destination check is on.",
        "{destination} は {resource} のアドレスではなく、{resource} の送信元/送信先チェックは有効です。",
    )
    SECURITY_GROUP_INGRESS = (
        19,
        Layer.SECURITY_GROUP_INGRESS,
        "ENI_SG_RULES_MISMATCH",
        "No inbound rule of the security groups of {resource} allows {protocol} from {source}.",
        "{resource} のセキュリティグループには、{source} からの {protocol} を許可するインバウンドルールがありません。",
    )
    INSTANCE_NOT_RUNNING = (
        20,
        Layer.DELIVERY,
        "BAD_STATE",
        "Nothing that {resource} belongs to takes packets now.",
        "{resource} の所有者は、現在パケットを受け取りません。",
    )
    NOT_SERVED = (
        21,
        Layer.INTERFACE,
        "NO_POSSIBLE_DESTINATION",
        "{destination} does not serve {protocol}: the resolver answers on port 53, instance metadata on TCP port 80.",
        "{destination} は {protocol} に応答しません。応答するのはリゾルバーのポート 53 とインスタンスメタデータの TCP ポート 80 だけです。",
    )
    DNS_SUPPORT_DISABLED = (
        22,
        Layer.INTERFACE,
        "NO_POSSIBLE_DESTINATION",
        "{destination} does not answer, because DNS support (enableDnsSupport) is off in {vpc}.",
        "{vpc} の DNS サポート (enableDnsSupport) が無効なため、{destination} は応答しません。",
    )
    SERVICE_REQUIRES_PRIMARY_ADDRESS = (
        23,
        Layer.INTERFACE,
        None,
        "{resource} reaches {destination} only from its primary private address, or over IPv6 from an address of its own, "
        "which {source} is not.",
        "{resource} が {destination} に到達できるのはプライマリプライベートアドレスから、IPv6 では自身のアドレスからだけで、"
        "{source} はそれではありません。",
    )
    CONNTRACK_ALLOWANCE_EXCEEDED = (
        24,
        Layer.INTERFACE,
        None,
        "The security groups of {resource} track as many flows as they may, so that none of {protocol} can begin.",
        "{resource} のセキュリティグループが追跡できるフローの数が上限に達しているため、{protocol} の新しいフローを始められません。",
    )
    LINKLOCAL_ALLOWANCE_EXCEEDED = (
        25,
        Layer.INTERFACE,
        None,
        "{resource} sends more packets to the resolver and to instance metadata than it may in a second.",
        "{resource} がリゾルバーとインスタンスメタデータに送るパケットが 1 秒あたりの上限を超えています。",
    )
    TOO_MANY_LOOKUPS = (
        26,
        Layer.ROUTE_TABLE,
        None,
        "The way to {destination} leads from route table to route table without an end; {resource} was the last one asked.",
        "{destination} への経路がルートテーブルからルートテーブルへと続いて終わりません。最後に参照したのは {resource} です。",
    )
    NETWORK_ACL_EGRESS = (
        27,
        Layer.NETWORK_ACL_EGRESS,
        "SUBNET_ACL_RESTRICTION",
        "The outbound rules of {resource} do not let {protocol} to {destination} out of the subnet.",
        "{resource} のアウトバウンドルールは、{destination} への {protocol} をサブネットから出しません。",
    )
    NETWORK_ACL_INGRESS = (
        28,
        Layer.NETWORK_ACL_INGRESS,
        "SUBNET_ACL_RESTRICTION",
        "The inbound rules of {resource} do not let {protocol} from {source} into the subnet.",
        "{resource} のインバウンドルールは、{source} からの {protocol} をサブネットに入れません。",
    )
    NAT_REQUIRES_SOURCE_IN_VPC = (
        29,
        Layer.GATEWAY,
        "NGW_REQUIRES_SOURCE_IN_VPC",
        "{resource} translates only what comes from addresses inside {vpc}, and {source} is not one.",
        "{resource} が変換するのは {vpc} 内のアドレスから送信されたパケットだけで、{source} はその範囲外です。",
    )
    NAT_PROTOCOL = (
        30,
        Layer.GATEWAY,
        "PROTOCOL_RESTRICTION",
        "{resource} carries TCP, UDP and ICMP queries, of IPv6 to addresses of 64:ff9b::/96 alone, and {protocol} to "
        "{destination} is none of them.",
        "{resource} が通すのは TCP、UDP、ICMP の問い合わせだけ (IPv6 では 64:ff9b::/96 宛てだけ) で、{destination} への {protocol} は"
        "そのどれでもありません。",
    )
    NAT_FRAGMENT = (
        31,
        Layer.GATEWAY,
        None,
        "{resource} carries fragments of UDP and of nothing else, and none between IPv6 and IPv4.",
        "{resource} が通すフラグメントは UDP のものだけで、IPv6 と IPv4 の間では通しません。",
    )
    NAT_NO_CONNECTION = (
        32,
        Layer.GATEWAY,
        None,
        "{protocol} to {destination} belongs to no connection that {resource} knows, perhaps because it was idle for 350 "
        "seconds. A gateway answers TCP with a reset.",
        "{destination} への {protocol} は、{resource} が把握しているどの接続にも属しません。350 秒間アイドルだった可能性があります。"
        "TCP にはリセットを返します。",
    )
    NAT_PORT_ALLOCATION = (
        33,
        Layer.GATEWAY,
        None,
        "{resource} has no port left for one more connection to {destination}, or no room for one more connection.",
        "{resource} には {destination} への新しい接続に使えるポート、または接続を増やす余地が残っていません。",
    )
    NAT_UNSOLICITED = (
        34,
        Layer.GATEWAY,
        None,
        "{resource} takes only answers to what went out through it, and {protocol} from {source} answers nothing: no "
        "connection begins at the far side.",
        "{resource} が受け取るのは、そこを通って出ていった通信への応答だけです。{source} からの {protocol} は何への応答でもなく、"
        "外側から接続を始めることはできません。",
    )
    NAT_LOOP = (
        35,
        Layer.GATEWAY,
        None,
        "The route table of a NAT gateway's subnet leads to the NAT gateway {resource}: a packet passes one, and that one "
        "needs a subnet with another way out.",
        "NAT ゲートウェイのサブネットのルートテーブルが NAT ゲートウェイ {resource} に向いています。パケットが通る NAT ゲートウェイは 1 つだけで、"
        "そのサブネットには別の出口が必要です。",
    )
    EIGW_REJECTS_INGRESS = (
        36,
        Layer.GATEWAY,
        None,
        "{destination} leaves its subnet over {resource}, which lets in only answers, and {protocol} from {source} is none.",
        "{destination} のサブネットは {resource} から送信します。そこから入れるのは応答だけで、{source} からの {protocol} は応答ではありません。",
    )
    VPC_BLOCK_PUBLIC_ACCESS = (
        37,
        Layer.GATEWAY,
        "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
        "VPC Block Public Access keeps {vpc} from the internet over {resource}: what {source} sends {destination} is "
        "dropped.",
        "VPC ブロックパブリックアクセスにより、{vpc} は {resource} 経由でインターネットとやり取りできません。"
        "{source} と {destination} の通信は遮断されます。",
    )
    SERVICE_NOT_OVER_IPV6 = (
        38,
        Layer.INTERFACE,
        "NO_POSSIBLE_DESTINATION",
        "{destination} does not answer {resource}: over IPv6 the services answer instances of the Nitro System, and "
        "instance metadata only those whose HttpProtocolIpv6 is enabled.",
        "{destination} は {resource} に応答しません。IPv6 で応答するのは Nitro System のインスタンスに対してだけで、"
        "インスタンスメタデータには HttpProtocolIpv6 の有効化も必要です。",
    )
    ENDPOINT_NOT_SERVED = (
        39,
        Layer.DELIVERY,
        "PROTOCOL_RESTRICTION",
        "{resource} takes TCP on port 443 and nothing else, not even a ping: {protocol} is dropped.",
        "{resource} が受け付けるのは TCP ポート 443 だけで、ping にも応答しません。{protocol} は破棄されます。",
    )
    VPCE_SOURCE_ADDRESS = (
        40,
        Layer.GATEWAY,
        "VPCE_GATEWAY_EGRESS_SOURCE_ADDRESS_RESTRICTION",
        "{resource} takes only what comes from the primary private address of an interface in {vpc}, and {source} is "
        "not one.",
        "{resource} が受け取るのは {vpc} 内のインターフェイスのプライマリプライベートアドレスから送信されたパケットだけで、"
        "{source} はそうではありません。",
    )
    VPCE_PROTOCOL = (
        41,
        Layer.GATEWAY,
        "VPCE_GATEWAY_PROTOCOL_MISMATCH",
        "{resource} carries TCP and ICMP echo requests, and {protocol} is neither.",
        "{resource} が通すのは TCP と ICMP エコー要求だけで、{protocol} はどちらでもありません。",
    )

    def __init__(self, number: int, layer: Layer, explanation_code: str | None, english: str, japanese: str) -> None:
        self.number = number
        self.layer = layer
        self.explanation_code = explanation_code
        self.english = english
        self.japanese = japanese

    @classmethod
    def by_number(cls, number: int) -> Reason:
        """Raises KeyError."""
        return _BY_NUMBER[number]


_BY_NUMBER = {reason.number: reason for reason in Reason}
