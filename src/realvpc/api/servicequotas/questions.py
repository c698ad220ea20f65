"""The condition key of Service Quotas (Service Authorization Reference)."""

from __future__ import annotations

from realvpc.iam.evaluate import Conditions

from ..core.context import Context, Request


def of_service(ctx: Context, request: Request, resource: str) -> Conditions:
    return {"servicequotas:service": request["ServiceCode"]} if request.get("ServiceCode") else {}
