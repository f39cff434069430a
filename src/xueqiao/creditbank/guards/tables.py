"""What is guarded: names of tables and columns, and the conditions under which they are fixed.

A room that adds a table of evidence adds its name here; its migration ends with
``guards.reinstall``.
"""

from __future__ import annotations

TRANSFER, ACCOUNT = "creditbank_transfer", "creditbank_account"
CERTIFICATE = "creditbank_certificate"
# Facts that are appended and never edited.
APPEND_ONLY = (
    TRANSFER,
    "creditbank_transfergroup",
    "creditbank_outcome",
    "creditbank_decision",
    "creditbank_assessment",
    "creditbank_applicationstep",
    "creditbank_interestdeclaration",
    "creditbank_panelvote",
    "creditbank_objection",
    "creditbank_objectionruling",
    "creditbank_appeal",
    "creditbank_appealruling",
    "creditbank_revocation",
    "creditbank_revocationanswer",
    "creditbank_conversionstep",
    "creditbank_conversionuse",
    "creditbank_conversionresult",
    "creditbank_awarduse",
    "creditbank_awardstep",
    "creditbank_lotparent",
    "creditbank_ruletable",
    "creditbank_standardchange",
    "creditbank_lotstep",
    "creditbank_heldlot",
    "creditbank_reversalstep",
    "creditbank_ledgerseal",
    "creditbank_sealcheck",
    "creditbank_agreementsignature",
    "creditbank_agreementstep",
    "creditbank_rulestep",
    "creditbank_rulesignature",
    "creditbank_consultationcomment",
    "creditbank_consultationreply",
    "creditbank_certificatelot",
    "creditbank_shareitem",
    "creditbank_shareaccess",
)
# Tables of which some columns are facts and others say how things stand.
FIXED_COLUMNS = {
    ACCOUNT: ("code", "unit", "kind", "no_overdraw", "opened_at"),
    "creditbank_creditlot": (
        "account_id",
        "amount_hundredths",
        "decision_id",
        "conversion_id",
        "hops",
    ),
    "creditbank_notice": ("key", "person_id", "code", "facts", "application_id", "at"),
    "creditbank_award": (
        "number",
        "request_key",
        "request_hash",
        "qualification_id",
        "person_id",
        "total_hundredths",
        "reservation_id",
    ),
    CERTIFICATE: (
        "key",
        "request_key",
        "kind",
        "person_id",
        "lot_id",
        "institution_id",
        "conversion_id",
        "endorses_id",
        "replaces_id",
        "content",
    ),
    "creditbank_suspension": ("certificate_id", "cause", "reason", "begun_at", "begun_by_id"),
    "creditbank_share": (
        "key",
        "request_key",
        "person_id",
        "use",
        "use_text",
        "recipient",
        "shared_at",
        "expires_at",
    ),
    "creditbank_hold": ("request_key", "lot_id", "cause", "reason", "opened_by_id", "opened_at"),
    "creditbank_reversal": (
        "request_key",
        "lot_id",
        "hold_id",
        "reason",
        "asked_by_id",
        "asked_at",
    ),
    "creditbank_recount": ("began_at", "ended_at", "accounts", "transfers", "differences", "named"),
    "creditbank_issuerkey": ("institution_id", "did", "method", "public_multikey", "valid_from"),
    "creditbank_bankkey": ("algorithm", "did", "method", "public_multikey", "valid_from"),
}
# What was signed stays as it was signed, and what was revoked stays revoked.
SIGNED = (
    "(old.document <> '' and new.document <> old.document)"
    " or (old.state in ('revoked', 'superseded') and new.state <> old.state)"
)
PUBLISHED, AGREEMENT = "creditbank_ruleversion", "creditbank_transferagreement"
# Hashes are added behind those that are there, which stay as they are.
TILE = "creditbank_sealtile"
GROWN = " and ".join(
    ["new.level = old.level", 'new."index" = old."index"']
    + [
        f"substr(new.{name}, 1, length(old.{name})) = old.{name}"
        for name in ("hashes", "transfer_ids")
    ]
)
# Facts of what two persons drafted and published; before that, a draft is edited freely.
PUBLISHED_FACTS = {
    "creditbank_qualification": (
        "code", "version", "title_zh", "title_en", "programme_id", "level_id", "institution_id",
        "requirements", "reserve_days", "valid_from", "source", "is_draft",
    ),
    "creditbank_qualificationframework": (
        "code", "version", "name_zh", "name_en", "valid_from", "source", "is_draft",
    ),
    "creditbank_level": (
        "framework_id", "number", "name_zh", "name_en", "knowledge", "skills", "competence",
        "is_draft",
    ),
    "creditbank_standard": (
        "code", "version", "title_zh", "title_en", "level_id", "field", "owner", "valid_from",
        "source", "is_draft",
    ),
    "creditbank_unit": (
        "standard_id", "code", "version", "module_code", "title_zh", "title_en", "level_id",
        "field", "credit_hundredths", "notional_hours", "valid_from", "source", "is_draft",
    ),
}  # fmt: skip
OUT = "('published', 'superseded', 'suspended', 'retired')"
# Rows that are fixed from a moment on: since when, and what may still change then.
SEALED = (
    (PUBLISHED, f"old.state in {OUT}", frozenset({"state", "valid_to"})),
    (
        AGREEMENT,
        "old.offered_at is not null",
        frozenset(
            {"offered_at", "revision", "signed_giving", "signed_receiving", "ended_at", "valid_to"}
        ),
    ),
    (
        AGREEMENT,
        "old.signed_giving is not null and old.signed_receiving is not null",
        frozenset({"ended_at", "valid_to"}),
    ),
)
NEVER_BACK = f"old.state in {OUT} and new.state not in {OUT}"
COUNTERS = ("debits", "credits", "debits_pending", "credits_pending")
