"""What the sales pipeline says: pure, from the frames of `crm.opportunities`, `crm.pipelines` and `crm.budgets`. Amounts are øre of kroner.

Each figure's definition is in its docstring and, for reports and screens, in `definitions`.
"""

from crm_lab.analysis.pipeline.expected import by_month, month_of, not_before
from crm_lab.analysis.pipeline.outcomes import cohorts, cycle_time, reasons, sellers, slippage, velocity, win_rate
from crm_lab.analysis.pipeline.past import as_of, back_test, steps, waterfall
from crm_lab.analysis.pipeline.stages import conversion, funnel, time_in_stage

__all__ = [
    "as_of", "back_test", "by_month", "cohorts", "conversion", "cycle_time", "funnel", "month_of", "not_before", "reasons", "sellers", "slippage", "steps",
    "time_in_stage", "velocity", "waterfall", "win_rate",
]  # fmt: skip
