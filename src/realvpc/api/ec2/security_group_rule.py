"""The rules of a security group: authorize, revoke, modify, describe (EC2 API Reference)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import Cidr
from realvpc.net.quotas import RULES_PER_SECURITY_GROUP
from realvpc.net.security_group import (
    GroupReference,
    ListedRule,
    Peer,
    PrefixListReference,
    SecurityGroup,
    SecurityGroupRule,
)
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.filter import exact_values
from ..core.lookup import check_form, is_id, named, not_found
from ..core.noun import Derived, Noun
from ..core.tags import render_tags, tags_on_creation
from .ip_permission import (
    RuleDraft,
    permissions_of,
    read_cidr,
    read_description,
    read_permissions,
    read_prefix_list,
    read_reference,
    read_traffic,
)
from .permission import protocol_name, render_pair, rule_in_words
from .prefix_list_use import rule_counts
from .security_group import SECURITY_GROUP, group_of


def authorize_security_group_ingress(ctx: Context, request: Request) -> Answer:
    """Raises what ``read_permissions`` raises, ``InvalidPermission.Duplicate``, RulesPerSecurityGroupLimitExceeded."""
    return _authorize(ctx, request, is_egress=False)


def authorize_security_group_egress(ctx: Context, request: Request) -> Answer:
    return _authorize(ctx, request, is_egress=True)


def _authorize(ctx: Context, request: Request, *, is_egress: bool) -> Answer:
    group = group_of(ctx, request)
    drafts = read_permissions(ctx, group, permissions_of(request, is_egress=is_egress))
    tags = tags_on_creation(request, SECURITY_GROUP_RULE.tag_type, code="InvalidParameter")
    added = [draft.as_rule(ctx.new_id("sgr"), tags, is_egress=is_egress) for draft in drafts]
    changed = _with_rules(ctx, group, (*group.rules, *added))
    response = {"Return": True, "SecurityGroupRules": [render_rule(ctx, changed, rule) for rule in added]}
    return Answer(response, put(changed))


def _with_rules(ctx: Context, group: SecurityGroup, rules: Iterable[SecurityGroupRule]) -> SecurityGroup:
    """The group with these rules.

    Raises ``InvalidPermission.Duplicate`` when a new rule is there already, InvalidParameterValue when two new ones are
    the same, RulesPerSecurityGroupLimitExceeded.
    """
    rules = tuple(rules)
    before = {rule.meaning for rule in group.rules}
    times = Counter(rule.meaning for rule in rules)
    for rule in rules:
        if times[rule.meaning] > 1:
            if rule.meaning in before:
                raise AwsError(
                    "InvalidPermission.Duplicate", f'the specified rule "{rule_in_words(rule)}" already exists'
                )
            raise invalid_parameter_value("The same permission must not appear multiple times")
    allowed = ctx.quota(RULES_PER_SECURITY_GROUP)
    if any(size > allowed for size in rule_counts(ctx.network, rules).values()):
        raise AwsError(
            "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."
        )
    return replace(group, rules=rules)


def revoke_security_group_ingress(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidPermission.NotFound`` or ``InvalidSecurityGroupRuleId.NotFound``; then nothing is revoked."""
    return _revoke(ctx, request, is_egress=False)


def revoke_security_group_egress(ctx: Context, request: Request) -> Answer:
    return _revoke(ctx, request, is_egress=True)


def _revoke(ctx: Context, request: Request, *, is_egress: bool) -> Answer:
    group = group_of(ctx, request)
    rule_ids = request.get("SecurityGroupRuleIds") or []
    if rule_ids:
        if request.get("IpPermissions"):
            raise invalid_parameter_combination(
                "The parameter securityGroupRuleIds cannot be used with the parameter ipPermissions"
            )
        revoked = _rules_with_ids(group, rule_ids, is_egress=is_egress)
    else:
        drafts = read_permissions(ctx, group, permissions_of(request, is_egress=is_egress), must_exist=False)
        rules = _by_meaning(group)
        revoked = [_existing(rules, draft, is_egress=is_egress) for draft in drafts]
    gone = {rule.id for rule in revoked}
    changed = replace(group, rules=tuple(rule for rule in group.rules if rule.id not in gone))
    rendered = [_render_revoked(group, rule) for rule in revoked]
    return Answer({"Return": True, "RevokedSecurityGroupRules": rendered}, put(changed))


def _by_meaning(group: SecurityGroup) -> dict[object, SecurityGroupRule]:
    return {rule.meaning: rule for rule in group.rules}


def _existing(rules: Mapping[object, SecurityGroupRule], draft: RuleDraft, *, is_egress: bool) -> SecurityGroupRule:
    """The rule that says what the draft says.  A description that is given must match, too."""
    rule = rules.get(draft.as_rule("", {}, is_egress=is_egress).meaning)
    if rule is None or draft.description not in (None, rule.description):
        raise AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    return rule


def _rules_with_ids(group: SecurityGroup, rule_ids: Iterable[str], *, is_egress: bool) -> list[SecurityGroupRule]:
    rules = {rule.id: rule for rule in group.rules if rule.is_egress == is_egress}
    wanted = list(dict.fromkeys(rule_ids))
    _check_known(wanted, rules)
    return [rules[rule_id] for rule_id in wanted]


def _check_known(rule_ids: Iterable[str], rules: Mapping[str, SecurityGroupRule]) -> None:
    """Raises ``InvalidSecurityGroupRuleId.Malformed``, and ``.NotFound`` for all that the group does not have."""
    missing = []
    for rule_id in rule_ids:
        check_form(SECURITY_GROUP_RULE, rule_id)
        if rule_id not in rules:
            missing.append(rule_id)
    if missing:
        raise not_found(SECURITY_GROUP_RULE, *missing)


def _render_revoked(group: SecurityGroup, rule: SecurityGroupRule) -> Response:
    response = _render_essentials(group, rule)
    if isinstance(rule.peer, GroupReference):
        response["ReferencedGroupId"] = rule.peer.group_id
    return response


# -- modify ----------------------------------------------------------------------------------------------------------


def modify_security_group_rules(ctx: Context, request: Request) -> Answer:
    """Replace rules, keeping their ids, directions and tags.

    Raises InvalidParameterValue for a rule of another kind of peer (IPv4, IPv6, prefix list, group) and for ports that
    do not go with the protocol, MissingParameter and InvalidParameterCombination for no peer and for several, and what
    authorize raises.
    """
    group = named(ctx, SECURITY_GROUP, request, "GroupId")
    updates = {update["SecurityGroupRuleId"]: update for update in request["SecurityGroupRules"]}
    rules = {rule.id: rule for rule in group.rules}
    _check_known(updates, rules)
    changed = [
        _modified(ctx, group, rule, updates[rule.id].get("SecurityGroupRule") or {}) if rule.id in updates else rule
        for rule in group.rules
    ]
    without = replace(group, rules=tuple(rule for rule in group.rules if rule.id not in updates))
    return Answer({"Return": True}, put(_with_rules(ctx, without, changed)))


def _modified(ctx: Context, group: SecurityGroup, rule: SecurityGroupRule, wanted: dict[str, Any]) -> SecurityGroupRule:
    peer: Peer
    _check_one_peer(wanted)
    _check_ports(wanted)
    if wanted.get("PrefixListId"):
        peer = read_prefix_list(ctx, group, wanted["PrefixListId"])
    elif wanted.get("CidrIpv4"):
        peer = read_cidr(wanted["CidrIpv4"], is_ipv4=True)
    elif wanted.get("CidrIpv6"):
        peer = read_cidr(wanted["CidrIpv6"], is_ipv4=False)
    else:
        referenced = ctx.network.security_groups.get(wanted["ReferencedGroupId"])
        peer = read_reference(
            ctx, group, wanted["ReferencedGroupId"], referenced.account if referenced else ctx.account
        )
    if _peer_kind(peer) != _peer_kind(rule.peer):
        raise invalid_parameter_value(f"You may not change the source type of the rule {rule.id}.")
    traffic = read_traffic(wanted.get("IpProtocol"), wanted.get("FromPort"), wanted.get("ToPort"))
    draft = RuleDraft(traffic, peer, read_description(wanted))
    return draft.as_rule(rule.id, rule.tags, is_egress=rule.is_egress)


_WITH_PORTS = ("tcp", "6", "udp", "17")
_PEERS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId")


def _check_one_peer(wanted: Mapping[str, Any]) -> None:
    named_peers = [name for name in _PEERS if wanted.get(name)]
    if len(named_peers) > 1:
        raise invalid_parameter_combination(
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"
        )
    if not named_peers:
        raise AwsError(
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        )


def _check_ports(wanted: Mapping[str, Any]) -> None:
    """What this action has sentences of its own for."""
    protocol, ports = (wanted.get("IpProtocol") or "").lower(), (wanted.get("FromPort"), wanted.get("ToPort"))
    if protocol in _WITH_PORTS and None in ports:
        raise invalid_parameter_value("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    if protocol == "-1" and any(port not in (None, -1) for port in ports):
        raise invalid_parameter_value(
            "You may not specify all protocols and specific ports. Please specify each protocol and port range "
            "combination individually, or all protocols and no port range."
        )


def _peer_kind(peer: Peer) -> str:
    match peer:
        case GroupReference():
            return "group"
        case PrefixListReference():
            return "prefix list"
        case _:
            return "IPv4" if peer.is_ipv4 else "IPv6"


def update_security_group_rule_descriptions_ingress(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidPermission.NotFound`` or ``InvalidSecurityGroupRuleId.NotFound``."""
    return _update_descriptions(ctx, request, is_egress=False)


def update_security_group_rule_descriptions_egress(ctx: Context, request: Request) -> Answer:
    return _update_descriptions(ctx, request, is_egress=True)


def _update_descriptions(ctx: Context, request: Request, *, is_egress: bool) -> Answer:
    group = group_of(ctx, request)
    by_id = request.get("SecurityGroupRuleDescriptions") or []
    if by_id and request.get("IpPermissions"):
        raise invalid_parameter_combination(
            "The parameter securityGroupRuleDescriptions cannot be used with the parameter ipPermissions"
        )
    descriptions: dict[str, str | None] = {}
    if by_id:
        entries = {entry.get("SecurityGroupRuleId") or "": entry for entry in by_id}
        for rule in _rules_with_ids(group, entries, is_egress=is_egress):
            descriptions[rule.id] = read_description(entries[rule.id])
    else:
        known = _by_meaning(group)
        for draft in read_permissions(ctx, group, permissions_of(request, is_egress=is_egress), must_exist=False):
            rule = _existing(known, replace(draft, description=None), is_egress=is_egress)
            descriptions[rule.id] = draft.description
    rules = tuple(
        replace(rule, description=descriptions[rule.id]) if rule.id in descriptions else rule for rule in group.rules
    )
    return Answer({"Return": True}, put(replace(group, rules=rules)))


# -- describe --------------------------------------------------------------------------------------------------------


def _render_essentials(group: SecurityGroup, rule: SecurityGroupRule) -> Response:
    response: Response = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": group.id,
        "IsEgress": rule.is_egress,
        "IpProtocol": protocol_name(rule.protocol),
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "Description": rule.description,
    }
    if isinstance(rule.peer, Cidr):
        response["CidrIpv4" if rule.peer.is_ipv4 else "CidrIpv6"] = str(rule.peer)
    elif isinstance(rule.peer, PrefixListReference):
        response["PrefixListId"] = rule.peer.prefix_list_id
    return response


def render_rule(ctx: Context, group: SecurityGroup, rule: SecurityGroupRule) -> Response:
    response = _render_essentials(group, rule) | {
        "GroupOwnerId": group.account,
        "SecurityGroupRuleArn": f"arn:aws:ec2:{group.region}:{group.account}:security-group-rule/{rule.id}",
        "Tags": render_tags(rule.tags),
    }
    if isinstance(rule.peer, GroupReference):
        response["ReferencedGroupInfo"] = render_pair(ctx, group, rule.peer)
    return response


def _one(ctx: Context, rule_id: str) -> ListedRule | None:
    group = ctx.network.group_of_rule(rule_id)
    if group is None or not ctx.sees(group):
        return None
    return next(row for row in group.listed_rules if row.id == rule_id)


def _all(ctx: Context) -> Iterable[ListedRule]:
    return (row for group in ctx.visible(ctx.network.security_groups) for row in group.listed_rules)


def _retagged(group: SecurityGroup, row: ListedRule) -> SecurityGroup:
    return replace(
        group, rules=tuple(replace(rule, tags=row.tags) if rule.id == row.id else rule for rule in group.rules)
    )


SECURITY_GROUP_RULE = Noun(
    type=ListedRule,
    prefix="sgr",
    not_found="InvalidSecurityGroupRuleId.NotFound",
    malformed="InvalidSecurityGroupRuleId.Malformed",
    words="security group rule ID",
    tag_type="security-group-rule",
    ids="SecurityGroupRuleIds",
    result="SecurityGroupRules",
    render=lambda ctx, row: render_rule(ctx, row.group, row.rule),
    filters={"group-id": ".group.id", "security-group-rule-id": ".id"},
    derived=Derived(one=_one, all=_all, owner=lambda row: row.group, changed=_retagged),
)


def describe_security_group_rules(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidGroupId.Malformed`` for a filter by what is no group's id."""
    for group_id in exact_values(request, "group-id"):
        if not is_id(SECURITY_GROUP, group_id):
            raise AwsError("InvalidGroupId.Malformed", f"The security group ID '{group_id}' is malformed")
    return describe(ctx, request, SECURITY_GROUP_RULE)
