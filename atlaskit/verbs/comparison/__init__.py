"""The parts of `compare`: covariates beside shapes, tables, and pictures."""
