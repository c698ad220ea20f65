"""How each family of services refuses who is not let in, be it for the signature or for want of permission.

EC2 says `AuthFailure` (HTTP 401) for nearly every signature and never why. IAM, STS and Route 53, and with other names
CloudWatch Logs and SSM, say what is wrong (IAM User Guide, "Troubleshoot Signature Version 4 signed requests").
"""

from __future__ import annotations

from msgspec import Struct

from .errors import AwsError, missing_parameter

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence
_EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - a sentence


class Refusal(Struct, frozen=True):
    """``sentence`` is what is said; a pair of braces stands for what the request gave cause to say."""

    code: str
    status: int = 400
    sentence: str = "{}"

    def __call__(self, cause: str = "") -> AwsError:
        return AwsError(self.code, self.sentence.format(cause), self.status)


class Refusals(Struct, frozen=True, kw_only=True):
    """What a family answers: to no signature, half a one, an unknown key, a wrong signature, one for no Region of here,
    one of another time, an expired token, and to a caller who may not.
    """

    missing: Refusal
    incomplete: Refusal
    unknown_key: Refusal
    bad_signature: Refusal
    wrong_region: Refusal
    expired: Refusal
    expired_token: Refusal
    denied: Refusal


_FAILURE = Refusal("AuthFailure", 401, "AWS was not able to validate the provided access credentials")
_EC2_EXPIRED = Refusal("RequestExpired", 400, "Request has expired.")
_QUERY_MISMATCH = Refusal("SignatureDoesNotMatch", 403)
_JSON_MISMATCH = Refusal("InvalidSignatureException")

_EC2 = Refusals(
    missing=Refusal("MissingParameter", 400, missing_parameter("AWSAccessKeyId").message),
    incomplete=Refusal("IncompleteSignature"),
    unknown_key=_FAILURE,
    bad_signature=_FAILURE,
    # Not as EC2 says it, whose endpoints are each in a Region: here one serves all, and may say what is wrong.
    wrong_region=Refusal("AuthFailure", 401),
    expired=_EC2_EXPIRED,
    expired_token=_EC2_EXPIRED,
    denied=Refusal("UnauthorizedOperation", 403, "You are not authorized to perform this operation. {}"),
)
_QUERY = Refusals(
    missing=Refusal("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    incomplete=Refusal("IncompleteSignature"),
    unknown_key=Refusal("InvalidClientTokenId", 403, _INVALID_TOKEN),
    bad_signature=_QUERY_MISMATCH,
    wrong_region=_QUERY_MISMATCH,
    expired=_QUERY_MISMATCH,
    expired_token=Refusal("ExpiredToken", 403, _EXPIRED_TOKEN),
    denied=Refusal("AccessDenied", 403),
)
_JSON = Refusals(
    missing=Refusal("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
    incomplete=Refusal("IncompleteSignatureException"),
    unknown_key=Refusal("UnrecognizedClientException", 400, _INVALID_TOKEN),
    bad_signature=_JSON_MISMATCH,
    wrong_region=_JSON_MISMATCH,
    expired=_JSON_MISMATCH,
    expired_token=Refusal("ExpiredTokenException", 400, _EXPIRED_TOKEN),
    denied=Refusal("AccessDeniedException"),
)
_FAMILIES = {"ec2": _EC2, "ec2-instance-connect": _JSON, "logs": _JSON, "servicequotas": _JSON, "ssm": _JSON}


def refusals_of(service: str) -> Refusals:
    return _FAMILIES.get(service, _QUERY)
