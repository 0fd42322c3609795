"""The parts of `evaluate`, one file per question that is asked of landmarks."""
