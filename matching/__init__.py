"""Pure matching: normalisation, candidates, comparison, weights; no paths, no storage, no law, nothing of the jobs."""
