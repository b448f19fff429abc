"""Jobs, their runs and phases: what was told of them, in any order, and what it means."""
