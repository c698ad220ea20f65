"""The table of Systems Manager's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from ..core.service_questions import asking
from . import (
    document,
    instance_information,
    inventory,
    parameter,
    parameter_label,
    parameter_list,
    parameter_write,
    tag,
)
from .questions import of_path, of_put
from .resources import on_document, on_managed, on_parameters, on_tagged

ACTIONS: dict[str, Action] = {
    "DescribeInstanceInformation": Action(instance_information.describe_instance_information, on_all),
    # Inventory
    "GetInventory": Action(inventory.get_inventory, on_all),
    "ListInventoryEntries": Action(inventory.list_inventory_entries, on_managed),
    "PutInventory": Action(inventory.put_inventory, on_managed),
    # Parameters
    "DeleteParameter": Action(parameter_write.delete_parameter, on_parameters),
    "DeleteParameters": Action(parameter_write.delete_parameters, on_parameters),
    "DescribeParameters": Action(parameter_list.describe_parameters, on_all),
    "GetParameter": Action(parameter.get_parameter, on_parameters),
    "GetParameterHistory": Action(parameter_list.get_parameter_history, on_parameters),
    "GetParameters": Action(parameter.get_parameters, on_parameters),
    "GetParametersByPath": Action(parameter.get_parameters_by_path, on_parameters, asks=asking(of_path)),
    "LabelParameterVersion": Action(parameter_label.label_parameter_version, on_parameters),
    "PutParameter": Action(parameter_write.put_parameter, on_parameters, asks=asking(of_put)),
    "UnlabelParameterVersion": Action(parameter_label.unlabel_parameter_version, on_parameters),
    # Documents of one's own
    "CreateDocument": Action(document.create_document, on_document),
    "DeleteDocument": Action(document.delete_document, on_document),
    "DescribeDocumentPermission": Action(document.describe_document_permission, on_document),
    "ModifyDocumentPermission": Action(document.modify_document_permission, on_document),
    "UpdateDocument": Action(document.update_document, on_document),
    "UpdateDocumentDefaultVersion": Action(document.update_document_default_version, on_document),
    # Tags
    "AddTagsToResource": Action(tag.add_tags_to_resource, on_tagged),
    "ListTagsForResource": Action(tag.list_tags_for_resource, on_tagged),
    "RemoveTagsFromResource": Action(tag.remove_tags_from_resource, on_tagged),
}
