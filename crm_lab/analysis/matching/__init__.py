"""Which open items belong together: `propose`, and `what_if` for how often each rule was right in the past."""

from crm_lab.analysis.matching.proposals import DEFAULT_RULES, Proposals, propose
from crm_lab.analysis.matching.reasons import in_words, reason_texts
from crm_lab.analysis.matching.tolerance import Difference, Tolerance
from crm_lab.analysis.matching.what_if import what_if

__all__ = ["DEFAULT_RULES", "Difference", "Proposals", "Tolerance", "in_words", "propose", "reason_texts", "what_if"]
