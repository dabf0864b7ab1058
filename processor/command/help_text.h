/* The texts of `flywheel help COMMAND`: what it does, usage, options with defaults, an example, and
 * the exit codes that mean something. */
#pragma once

extern const char help_run[], help_check[], help_replay[], help_explain[], help_send[],
    help_cohorts[], help_gate[], help_gate_dataset[], help_state[], help_reviewer[], help_dataset[],
    help_audit[], help_agreement[], help_calibrate[], help_measures[], help_queue[], help_results[],
    help_review[], help_demo[], help_version[], help_help[];
