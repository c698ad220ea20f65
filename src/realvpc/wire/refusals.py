"""How each family of services refuses a request that is not authenticated.

EC2 says `AuthFailure` (HTTP 401) for nearly everything and never why. IAM and STS, and with other names SSM, say what
is wrong with the signature (IAM User Guide, "Troubleshoot Signature Version 4 signed requests").
"""

from __future__ import annotations

from realvpc.api.core.errors import AwsError, missing_parameter

INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence
EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - a sentence
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class Ec2Refusals:
    def missing(self) -> AwsError:
        return missing_parameter("AWSAccessKeyId")

    def incomplete(self, message: str) -> AwsError:
        return AwsError("IncompleteSignature", message)

    def unknown_key(self) -> AwsError:
        return self._failure()

    def bad_signature(self, message: str = MISMATCH) -> AwsError:
        return self._failure()

    def wrong_region(self, message: str) -> AwsError:
        """Not as EC2 says it, whose endpoints are each in a Region: here one serves all, and may say what is wrong."""
        return AwsError("AuthFailure", message, 401)

    def expired(self, message: str) -> AwsError:
        return self.expired_token()

    def expired_token(self) -> AwsError:
        return AwsError("RequestExpired", "Request has expired.")

    def _failure(self) -> AwsError:
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)


class QueryRefusals:
    def missing(self) -> AwsError:
        return AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)

    def incomplete(self, message: str) -> AwsError:
        return AwsError("IncompleteSignature", message)

    def unknown_key(self) -> AwsError:
        return AwsError("InvalidClientTokenId", INVALID_TOKEN, 403)

    def bad_signature(self, message: str = MISMATCH) -> AwsError:
        return AwsError("SignatureDoesNotMatch", message, 403)

    def wrong_region(self, message: str) -> AwsError:
        return self.bad_signature(message)

    def expired(self, message: str) -> AwsError:
        return self.bad_signature(message)

    def expired_token(self) -> AwsError:
        return AwsError("ExpiredToken", EXPIRED_TOKEN, 403)


class JsonRefusals:
    def missing(self) -> AwsError:
        return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")

    def incomplete(self, message: str) -> AwsError:
        return AwsError("IncompleteSignatureException", message)

    def unknown_key(self) -> AwsError:
        return AwsError("UnrecognizedClientException", INVALID_TOKEN)

    def bad_signature(self, message: str = MISMATCH) -> AwsError:
        return AwsError("InvalidSignatureException", message)

    def wrong_region(self, message: str) -> AwsError:
        return self.bad_signature(message)

    def expired(self, message: str) -> AwsError:
        return self.bad_signature(message)

    def expired_token(self) -> AwsError:
        return AwsError("ExpiredTokenException", EXPIRED_TOKEN)


Refusals = Ec2Refusals | QueryRefusals | JsonRefusals
