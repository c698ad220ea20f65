"""The table of Elastic Load Balancing's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import account, attribute, listener, load_balancer, tag, target, target_group
from .resources import on, on_new_load_balancer, on_new_target_group

_ON_BALANCER, _ON_GROUP, _ON_LISTENER = on("LoadBalancerArn"), on("TargetGroupArn"), on("ListenerArn")

ACTIONS: dict[str, Action] = {
    # Load balancers
    "CreateLoadBalancer": Action(load_balancer.create_load_balancer, on_new_load_balancer),
    "DeleteLoadBalancer": Action(load_balancer.delete_load_balancer, _ON_BALANCER),
    "DescribeCapacityReservation": Action(account.describe_capacity_reservation, on_all),
    "DescribeLoadBalancerAttributes": Action(attribute.describe_load_balancer_attributes, on_all),
    "DescribeLoadBalancers": Action(load_balancer.describe_load_balancers, on_all),
    "ModifyLoadBalancerAttributes": Action(attribute.modify_load_balancer_attributes, _ON_BALANCER),
    "SetIpAddressType": Action(load_balancer.set_ip_address_type, _ON_BALANCER),
    "SetSecurityGroups": Action(load_balancer.set_security_groups, _ON_BALANCER),
    "SetSubnets": Action(load_balancer.set_subnets, _ON_BALANCER),
    # Target groups
    "CreateTargetGroup": Action(target_group.create_target_group, on_new_target_group),
    "DeleteTargetGroup": Action(target_group.delete_target_group, _ON_GROUP),
    "DescribeTargetGroupAttributes": Action(attribute.describe_target_group_attributes, on_all),
    "DescribeTargetGroups": Action(target_group.describe_target_groups, on_all),
    "ModifyTargetGroup": Action(target_group.modify_target_group, _ON_GROUP),
    "ModifyTargetGroupAttributes": Action(attribute.modify_target_group_attributes, _ON_GROUP),
    # Targets
    "DeregisterTargets": Action(target.deregister_targets, _ON_GROUP),
    "DescribeTargetHealth": Action(target.describe_target_health, on_all),
    "RegisterTargets": Action(target.register_targets, _ON_GROUP),
    # Listeners
    "CreateListener": Action(listener.create_listener, _ON_BALANCER),
    "DeleteListener": Action(listener.delete_listener, _ON_LISTENER),
    "DescribeListenerAttributes": Action(attribute.describe_listener_attributes, on_all),
    "DescribeListeners": Action(listener.describe_listeners, on_all),
    "DescribeRules": Action(listener.describe_rules, on_all),
    "ModifyListener": Action(listener.modify_listener, _ON_LISTENER),
    "ModifyListenerAttributes": Action(attribute.modify_listener_attributes, _ON_LISTENER),
    # Tags and the account
    "AddTags": Action(tag.add_tags, on("ResourceArns")),
    "DescribeAccountLimits": Action(account.describe_account_limits, on_all),
    "DescribeTags": Action(tag.describe_tags, on_all),
    "RemoveTags": Action(tag.remove_tags, on("ResourceArns")),
}
