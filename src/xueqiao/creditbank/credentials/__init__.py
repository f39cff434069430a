"""Certificates: asked for, signed by a job, published, suspended, revoked, checked by anyone.

The verbs are re-exported here, so that a call reads ``credentials.request(...)``.
"""

from xueqiao.creditbank.credentials.asking import request, request_first_of_each_learner
from xueqiao.creditbank.credentials.revocation import revoke, revoke_for_lots, revoke_sample
from xueqiao.creditbank.credentials.signing import sign_queued
from xueqiao.creditbank.credentials.suspension import (
    reinstate,
    reinstate_for_lots,
    suspend,
    suspend_for_lots,
)
from xueqiao.creditbank.credentials.verification import verify

__all__ = [
    "reinstate",
    "reinstate_for_lots",
    "request",
    "request_first_of_each_learner",
    "revoke",
    "revoke_for_lots",
    "revoke_sample",
    "sign_queued",
    "suspend",
    "suspend_for_lots",
    "verify",
]
